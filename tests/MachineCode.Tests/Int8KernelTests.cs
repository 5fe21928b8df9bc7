using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.MachineCode.Abi;

namespace LungSeg.MachineCode.Tests;

/// <summary>Runs each function that ships.</summary>
public sealed unsafe class Int8KernelTests
{
    private const int Cases = 20;

    /// <summary>The calling conventions as numbers: an internal type is no parameter of a public test.</summary>
    public static TheoryData<byte, int, int> Functions =>
        [.. VnniKernels.ReadImage().Entries.Select(entry => ((byte)entry.Convention, entry.Pixels, entry.Vectors))];

    // Every buffer ends where a page begins that nobody may touch, or starts where one ends.
    [Theory]
    [MemberData(nameof(Functions))]
    public void Sums_are_exact_nothing_outside_is_touched_and_the_callers_registers_are_kept(byte convention, int pixels, int vectors)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "guard pages are made by Linux");
        Assert.SkipUnless(VnniKernels.IsSupported, VnniKernels.Absence ?? "");
        CodeImage image = VnniKernels.ReadImage();
        CodeEntry entry = image.Entries.Single(
            entry => (byte)entry.Convention == convention && entry.Pixels == pixels && entry.Vectors == vectors);
        byte* code = ExecutableMemory.Map(image.Code.AsSpan(entry.Offset, entry.Length), out string? refusal);
        Assert.Null(refusal);
        var call = new CheckedCall(entry.Convention);
        var random = new Random((1000 * convention) + (10 * pixels) + vectors);
        for (int i = 0; i < Cases; i++)
        {
            using var problem = new Int8Problem(random, pixels, vectors, atEnd: i % 2 == 0);
            Assert.Empty(call.Run((nint)code, problem.Tile));
            Assert.True(problem.IsSolved, $"case {i}");
        }
    }

    [Fact]
    public void The_engine_maps_and_finds_each_function()
    {
        Assert.SkipUnless(VnniKernels.IsSupported, VnniKernels.Absence ?? "");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "guard pages are made by Linux");
        var random = new Random(5);
        for (int vectors = 1; vectors <= 2; vectors++)
        {
            for (int pixels = 1; pixels <= 12; pixels++)
            {
                using var problem = new Int8Problem(random, pixels, vectors, atEnd: true);
                VnniKernels.For(pixels, vectors)(problem.Tile);
                Assert.True(problem.IsSolved, $"{pixels} pixels, {vectors} vectors");
            }
        }
    }

    [Fact]
    public void A_function_that_leaves_a_register_changed_is_found()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && VnniKernels.IsSupported, VnniKernels.Absence ?? "Linux alone");
        // xor ebx, ebx; ret
        byte* code = ExecutableMemory.Map([0x31, 0xDB, 0xC3], out _);
        Assert.Equal([0], new CheckedCall(CallConvention.SystemV).Run((nint)code, null));
        // vzeroall; ret
        code = ExecutableMemory.Map([0xC5, 0xFC, 0x77, 0xC3], out _);
        Assert.Equal(20, new CheckedCall(CallConvention.Windows).Run((nint)code, null).Length);
    }

    // Linux says in /proc what may be done with a page.
    [Fact]
    public void Code_is_executable_and_not_writable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && VnniKernels.IsSupported, VnniKernels.Absence ?? "Linux alone");
        string line = File.ReadLines("/proc/self/maps").Single(line =>
        {
            string[] range = line.Split(' ')[0].Split('-');
            return Convert.ToInt64(range[0], 16) <= VnniKernels.Address && VnniKernels.Address < Convert.ToInt64(range[1], 16);
        });
        Assert.Equal("r-xp", line.Split(' ')[1]);
    }
}
