extern alias Assembler;
using Iced.Intel;
using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.MachineCode.Abi;

namespace LungSeg.MachineCode.Tests;

/// <summary>Reads each function that ships as instructions.</summary>
public sealed class CodeTests
{
    private static readonly HashSet<Mnemonic> Allowed =
    [
        Mnemonic.Mov, Mnemonic.Lea, Mnemonic.Add, Mnemonic.Sub, Mnemonic.Imul, Mnemonic.Shl, Mnemonic.Cmp,
        Mnemonic.Jae, Mnemonic.Jl, Mnemonic.Jge, Mnemonic.Jne, Mnemonic.Jmp, Mnemonic.Ret, Mnemonic.Prefetcht1,
        Mnemonic.Vmovdqu32, Mnemonic.Vmovups, Mnemonic.Vpbroadcastd, Mnemonic.Vpdpbusd, Mnemonic.Vzeroupper,
    ];

    private static readonly HashSet<CpuidFeature> Features =
        [CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL386, CpuidFeature.X64, CpuidFeature.SSE, CpuidFeature.AVX,
            CpuidFeature.AVX512F, CpuidFeature.AVX512_VNNI, CpuidFeature.PREFETCHW];

    private static (CodeEntry Entry, Instruction[] Instructions)[] All()
    {
        CodeImage image = VnniKernels.ReadImage();
        return [.. image.Entries.Select(entry => (entry, Decode(image.Code.AsSpan(entry.Offset, entry.Length).ToArray())))];
    }

    private static Instruction[] Decode(byte[] code)
    {
        var decoder = Iced.Intel.Decoder.Create(64, code);
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length) instructions.Add(decoder.Decode());
        return [.. instructions];
    }

    [Fact]
    public void The_image_has_each_size_of_tile_in_both_conventions()
    {
        IReadOnlyList<CodeEntry> entries = VnniKernels.ReadImage().Entries;
        Assert.Equal(2 * 2 * 12, entries.Count);
        Assert.Equal(entries.Count, entries.Select(entry => (entry.Convention, entry.Pixels, entry.Vectors)).Distinct().Count());
        Assert.All(entries, entry => Assert.Equal(0, entry.Offset % CodeImage.Alignment));
    }

    [Fact]
    public void Assembling_again_gives_the_embedded_bytes()
    {
        using var embedded = new MemoryStream();
        VnniKernels.ReadImage().Write(embedded);
        using var assembled = new MemoryStream();
        Assembler::LungSeg.MachineCode.Catalogue.Assemble().Write(assembled);
        Assert.Equal(embedded.ToArray(), assembled.ToArray());
    }

    [Fact]
    public void Instructions_are_those_listed_and_need_AVX512_VNNI_at_most() => Assert.All(All(), function =>
    {
        Assert.All(function.Instructions, instruction =>
        {
            Assert.Contains(instruction.Mnemonic, Allowed);
            Assert.Subset(Features, instruction.CpuidFeatures.ToHashSet());
        });
        int products = function.Instructions.Count(instruction => instruction.Mnemonic == Mnemonic.Vpdpbusd);
        Assert.Equal(3 * function.Entry.Pixels * function.Entry.Vectors, products);
    });

    [Fact]
    public void Control_stays_inside_and_leaves_by_the_last_instruction_alone() => Assert.All(All(), function =>
    {
        HashSet<ulong> starts = [.. function.Instructions.Select(instruction => instruction.IP)];
        foreach (Instruction instruction in function.Instructions.SkipLast(1))
        {
            if (instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch)
                Assert.Contains(instruction.NearBranchTarget, starts);
            else
                Assert.Equal(FlowControl.Next, instruction.FlowControl);
        }
        Assert.Equal(Mnemonic.Ret, function.Instructions[^1].Mnemonic);
    });

    // No instruction changes the stack pointer but the last.
    [Fact]
    public void The_stack_pointer_is_left_alone()
    {
        var information = new InstructionInfoFactory();
        Assert.All(All(), function => Assert.All(function.Instructions.SkipLast(1), instruction =>
            Assert.DoesNotContain(information.GetInfo(instruction).GetUsedRegisters(),
                used => used.Register.GetFullRegister() == Register.RSP && used.Access is not (OpAccess.Read or OpAccess.CondRead))));
    }

    // Memory below the stack pointer is the function's own on System V (128 bytes), 32 bytes above the return address on Windows.
    [Fact]
    public void Writes_go_to_the_sums_to_the_tile_and_to_its_own_stack()
    {
        var information = new InstructionInfoFactory();
        Assert.All(All(), function =>
        {
            foreach (Instruction instruction in function.Instructions)
            {
                foreach (UsedMemory memory in information.GetInfo(instruction).GetUsedMemory())
                {
                    if (memory.Access is OpAccess.Read or OpAccess.NoMemAccess or OpAccess.CondRead) continue;
                    long place = (long)memory.Displacement;
                    bool own = memory.Base == Register.RSP && memory.Index == Register.None
                        && (function.Entry.Convention == CallConvention.Windows ? place is >= 8 and <= 32 : place is >= -128 and <= -8);
                    bool saved = instruction.Mnemonic == Mnemonic.Vmovups && function.Entry.Convention == CallConvention.Windows;
                    bool sums = instruction.Mnemonic == Mnemonic.Vmovdqu32;
                    Assert.True(own || saved || sums, $"{instruction}");
                }
            }
        });
    }
}
