using System.Reflection;

namespace LungSeg.Kernels.Compiler;

/// <summary>A kernel to compile: its method, what it is compiled for, and what its launcher must know.</summary>
internal sealed record KernelSource(string Family, string Variant, Delegate Kernel)
{
    /// <summary>The entry point, and the name of the file that holds it.</summary>
    public string Name => Variant.Length == 0 ? Family : $"{Family}_{Variant}";

    /// <summary>What the kernel does; kernels of a family take the same parameters and can stand in for each other.</summary>
    public string Family { get; } = Family;

    /// <summary>Element type of the maps: f32 or f16; empty if there are none.</summary>
    public string Storage { get; init; } = "";

    /// <summary>What products are rounded to: f32, tf32 or f16; the storage's unless something else is said.</summary>
    public string Precision { get => field ?? Storage; init; }

    /// <summary>Channels that a thread moves at once: 8, or 1 for maps of one channel.</summary>
    public int Width { get; init; } = 8;

    /// <summary>The least architecture that runs it.</summary>
    public Target Target { get; init; } = Target.Portable;

    /// <summary>Threads of a block.</summary>
    public int Threads { get; init; } = 256;

    /// <summary>Blocks that a multiprocessor shall hold at once, which limits the registers; 0: no wish.</summary>
    public int BlocksPerMultiprocessor { get; init; }

    /// <summary>Dynamic shared memory of a block in bytes.</summary>
    public int SharedBytes { get; init; }

    /// <summary>Pixels, filters and depth of a block's step, for kernels that work in tiles.</summary>
    public (int M, int N, int K) Tile { get; init; }

    /// <summary>Whether the input is multiplied by a gate on the way.</summary>
    public bool Gate { get; init; }

    public MethodInfo Method => Kernel.Method;

    public int ParameterBytes => System.Runtime.InteropServices.Marshal.SizeOf(Method.GetParameters()[0].ParameterType);
}
