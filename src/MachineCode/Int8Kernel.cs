using System.Runtime.InteropServices;
using Iced.Intel;
using LungSeg.MachineCode.Abi;
using static Iced.Intel.AssemblerRegisters;

namespace LungSeg.MachineCode;

/// <summary>
/// The integer micro-kernel in AVX512_VNNI: void kernel(Int8Tile*). All sums stay in registers; each step broadcasts four input bytes of a
/// pixel and multiplies them with the weights of 16 or 32 output channels. The stack pointer is left alone: what must be kept is kept in
/// the caller's home space (Windows), the red zone (System V) and <see cref="Int8Tile.Saved"/>.
/// </summary>
internal sealed class Int8Kernel(Assembler a, CallConvention convention, int pixels, int vectors)
{
    /// <summary>The largest tile: 24 sums, two vectors of weights and a broadcast fit 32 registers.</summary>
    public const int MaxPixels = 12, MaxVectors = 2;

    private const int VectorBytes = 64, StepBytes = 4, CacheLine = 64;
    // The xmm registers from this one to xmm15 belong to the caller on Windows.
    private const int FirstKept = 6, LastKept = 15;

    private static readonly AssemblerRegister64 Tile = rcx, Run = rcx, First = rax, Fourth = rdx, Eighth = r8, Stride = r9, Stride3 = r10,
        Weights = r11, Next = rsi, Steps = rdi;
    private static readonly AssemblerRegisterZMM[] Weight = [zmm0, zmm1];
    private static readonly AssemblerRegisterZMM Broadcast = zmm2;

    // Those that are the callee's in both conventions come first.
    private static readonly AssemblerRegisterZMM[] Sums =
    [
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
        zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10,
    ];

    private static readonly AssemblerRegisterXMM[] Kept = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];

    private bool IsWindows => convention == CallConvention.Windows;

    private int KeptCount => IsWindows
        ? Sums[..(pixels * vectors)].Count(sum => ((Register)sum).GetNumber() is >= FirstKept and <= LastKept)
        : 0;

    /// <summary>Writes the function.</summary>
    public void Emit()
    {
        Label nextRun = a.CreateLabel(), pairs = a.CreateLabel(), rest = a.CreateLabel(), done = a.CreateLabel();
        Begin();
        Load();
        a.Label(ref nextRun);
        a.cmp(Run, Slot(1));
        a.jae(done);
        OpenRun();
        a.sub(Steps, 2);
        a.jl(rest);
        a.Label(ref pairs);
        a.prefetcht1(__byte_ptr[Next]);
        a.add(Next, CacheLine);
        Step(0);
        Step(1);
        a.add(First, 2 * StepBytes);
        if (pixels > 4) a.add(Fourth, 2 * StepBytes);
        if (pixels > 8) a.add(Eighth, 2 * StepBytes);
        a.add(Weights, 2 * vectors * VectorBytes);
        a.sub(Steps, 2);
        a.jge(pairs);
        a.Label(ref rest);
        a.cmp(Steps, -1);
        a.jne(nextRun);
        Step(0);
        a.jmp(nextRun);
        a.Label(ref done);
        Store();
        End();
    }

    // Eight bytes that are the function's without moving the stack pointer.
    private AssemblerMemoryOperand Slot(int index)
    {
        int bytes = 8 + (8 * index);
        return IsWindows ? __qword_ptr[rsp + bytes] : __qword_ptr[rsp - bytes];
    }

    private static AssemblerMemoryOperand Field(string name) => __qword_ptr[Tile + (int)Marshal.OffsetOf<Int8Tile>(name)];

    private static AssemblerMemoryOperand RunField(string name) => __qword_ptr[Run + (int)Marshal.OffsetOf<Int8Run>(name)];

    private static int SavedAt(int index) => (int)Marshal.OffsetOf<Int8Tile>(nameof(Int8Tile.Saved)) + (16 * index);

    private void Begin()
    {
        if (IsWindows)
        {
            a.mov(Slot(2), rsi);
            a.mov(Slot(3), rdi);
            for (int i = 0; i < KeptCount; i++) a.vmovups(__xmmword_ptr[Tile + SavedAt(i)], Kept[i]);
        }
        else
        {
            a.mov(Tile, rdi);
        }
        a.mov(Slot(0), Tile);
    }

    // The sums start from what is there; leaves Run at the first run and Slot(1) at their end.
    private void Load()
    {
        a.mov(First, Field(nameof(Int8Tile.Initial)));
        a.mov(Fourth, Field(nameof(Int8Tile.InitialStride)));
        a.shl(Fourth, 2);
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int vector = 0; vector < vectors; vector++) a.vmovdqu32(Sum(pixel, vector), __zmmword_ptr[First + (vector * VectorBytes)]);
            if (pixel + 1 < pixels) a.add(First, Fourth);
        }
        a.mov(Stride, Field(nameof(Int8Tile.InputStride)));
        a.lea(Stride3, __qword_ptr[Stride + (Stride * 2)]);
        a.mov(Next, Field(nameof(Int8Tile.Next)));
        a.mov(First, Field(nameof(Int8Tile.RunCount)));
        a.imul(First, First, Marshal.SizeOf<Int8Run>());
        a.mov(Run, Field(nameof(Int8Tile.Runs)));
        a.add(First, Run);
        a.mov(Slot(1), First);
    }

    private void OpenRun()
    {
        a.mov(Fourth, RunField(nameof(Int8Run.Input)));
        a.mov(Eighth, RunField(nameof(Int8Run.Weights)));
        a.mov(Steps, RunField(nameof(Int8Run.Length)));
        a.lea(Weights, __qword_ptr[Run + Marshal.SizeOf<Int8Run>()]);
        a.mov(Tile, Slot(0));
        a.mov(First, Field(nameof(Int8Tile.Input)));
        a.add(First, Fourth);
        a.add(Eighth, Field(nameof(Int8Tile.Weights)));
        a.mov(Run, Weights);
        a.mov(Weights, Eighth);
        if (pixels > 4) a.lea(Fourth, __qword_ptr[First + (Stride * 4)]);
        if (pixels > 8) a.lea(Eighth, __qword_ptr[First + (Stride * 8)]);
    }

    private void Step(int step)
    {
        for (int vector = 0; vector < vectors; vector++)
            a.vmovdqu32(Weight[vector], __zmmword_ptr[Weights + (((step * vectors) + vector) * VectorBytes)]);
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            AssemblerRegister64 start = (pixel / 4) switch { 0 => First, 1 => Fourth, _ => Eighth };
            AssemblerMemoryOperand bytes = (pixel % 4) switch
            {
                0 => __dword_ptr[start + (step * StepBytes)],
                1 => __dword_ptr[start + Stride + (step * StepBytes)],
                2 => __dword_ptr[start + (Stride * 2) + (step * StepBytes)],
                _ => __dword_ptr[start + Stride3 + (step * StepBytes)],
            };
            a.vpbroadcastd(Broadcast, bytes);
            for (int vector = 0; vector < vectors; vector++) a.vpdpbusd(Sum(pixel, vector), Broadcast, Weight[vector]);
        }
    }

    private void Store()
    {
        a.mov(Tile, Slot(0));
        a.mov(First, Field(nameof(Int8Tile.Sums)));
        a.mov(Fourth, Field(nameof(Int8Tile.SumsStride)));
        a.shl(Fourth, 2);
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int vector = 0; vector < vectors; vector++) a.vmovdqu32(__zmmword_ptr[First + (vector * VectorBytes)], Sum(pixel, vector));
            if (pixel + 1 < pixels) a.add(First, Fourth);
        }
    }

    private void End()
    {
        // Before the kept registers return: it clears the upper halves alone.
        a.vzeroupper();
        if (IsWindows)
        {
            for (int i = 0; i < KeptCount; i++) a.vmovups(Kept[i], __xmmword_ptr[Tile + SavedAt(i)]);
            a.mov(rsi, Slot(2));
            a.mov(rdi, Slot(3));
        }
        a.ret();
    }

    private AssemblerRegisterZMM Sum(int pixel, int vector) => Sums[(pixel * vectors) + vector];
}
