using System.Reflection;
using System.Runtime.InteropServices;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Compiler;

/// <summary>A kernel to compile: what its launcher must know, and its method.</summary>
internal sealed record KernelSource
{
    private KernelSource(KernelInfo info, Delegate kernel) => (Info, Method) = (info, kernel.Method);

    public KernelInfo Info { get; init; }

    public MethodInfo Method { get; }

    /// <summary>Blocks that a multiprocessor shall hold at once, which limits the registers; 0: no wish.</summary>
    public int BlocksPerMultiprocessor { get; init; }

    public string Name => Info.Name;

    /// <summary>The least architecture that runs it.</summary>
    public Target Target => Target.Named(Info.Target);

    /// <summary>A kernel that takes parameters of that type.</summary>
    public static KernelSource Of<P>(KernelInfo info, Action<P> kernel, int blocks = 0) where P : unmanaged =>
        new(info with { ParameterBytes = Marshal.SizeOf<P>() }, kernel) { BlocksPerMultiprocessor = blocks };
}
