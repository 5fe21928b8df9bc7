using Iced.Intel;
using LungSeg.Engine.Backends.Cpu.MachineCode;
using LungSeg.MachineCode.Abi;
using static Iced.Intel.AssemblerRegisters;

namespace LungSeg.MachineCode.Tests;

/// <summary>
/// Calls a function by either convention on a System V machine, and finds whether it kept the registers that are its caller's: those are
/// filled before the call and stored behind it.
/// </summary>
internal sealed unsafe class CheckedCall
{
    private const int StackBytes = 0x1000, HomeSpace = 32;

    private static readonly AssemblerRegister64[] SystemVKept = [rbx, rbp, r12, r13, r14, r15];
    private static readonly AssemblerRegister64[] WindowsKept = [rbx, rbp, rsi, rdi, r12, r13, r14, r15];
    private static readonly AssemblerRegisterXMM[] Xmm = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    private readonly delegate* unmanaged<nint, Int8Tile*, ulong*, void> _call;
    private readonly int _registers, _stack;

    public CheckedCall(CallConvention convention)
    {
        bool windows = convention == CallConvention.Windows;
        AssemblerRegister64[] kept = windows ? WindowsKept : SystemVKept;
        _stack = kept.Length;
        _registers = kept.Length + 1 + (windows ? 2 * Xmm.Length : 0);
        var a = new Assembler(64);
        foreach (AssemblerRegister64 register in SystemVKept) a.push(register);
        // The buffer's and the stack's addresses stay on the stack: no register outlives the call for certain but those under test.
        a.sub(rsp, 8);
        a.push(rdx);
        a.sub(rsp, StackBytes);
        a.mov(rax, rdi);
        if (windows) a.mov(rcx, rsi);
        else a.mov(rdi, rsi);
        for (int i = 0; i < kept.Length; i++) a.mov(kept[i], __qword_ptr[rdx + (8 * i)]);
        if (windows)
        {
            for (int i = 0; i < Xmm.Length; i++) a.vmovups(Xmm[i], __xmmword_ptr[rdx + (8 * (kept.Length + 1)) + (16 * i)]);
        }
        a.mov(rdx, rsp);
        a.mov(__qword_ptr[rsp + HomeSpace], rdx);
        a.call(rax);
        // The place behind the home space holds the stack pointer that should have come back.
        a.mov(rdx, rsp);
        a.sub(rdx, __qword_ptr[rsp + HomeSpace]);
        a.mov(rax, __qword_ptr[rsp + StackBytes]);
        a.mov(__qword_ptr[rax + (8 * kept.Length)], rdx);
        for (int i = 0; i < kept.Length; i++) a.mov(__qword_ptr[rax + (8 * i)], kept[i]);
        if (windows)
        {
            for (int i = 0; i < Xmm.Length; i++) a.vmovups(__xmmword_ptr[rax + (8 * (kept.Length + 1)) + (16 * i)], Xmm[i]);
        }
        a.add(rsp, StackBytes + 16);
        foreach (AssemblerRegister64 register in SystemVKept.Reverse()) a.pop(register);
        a.ret();
        using var code = new MemoryStream();
        a.Assemble(new StreamCodeWriter(code), 0);
        byte* mapped = ExecutableMemory.Map(code.ToArray(), out string? refusal);
        Assert.Null(refusal);
        _call = (delegate* unmanaged<nint, Int8Tile*, ulong*, void>)mapped;
    }

    /// <summary>Calls it; the registers that it did not keep, by number.</summary>
    public int[] Run(nint function, Int8Tile* tile)
    {
        var before = new ulong[_registers];
        new Random(1).NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(before.AsSpan()));
        ulong[] after = [.. before];
        fixed (ulong* buffer = after) _call(function, tile, buffer);
        // In the stack pointer's place stands by how much it differs.
        before[_stack] = 0;
        return [.. Enumerable.Range(0, _registers).Where(i => after[i] != before[i])];
    }
}
