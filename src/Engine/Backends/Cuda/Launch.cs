using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A kernel with its grid and its one parameter, a structure by value.</summary>
internal sealed unsafe class Launch
{
    private readonly KernelSet _kernels;
    private readonly byte[] _parameters;

    private Launch(Tensor node, KernelInfo kernel, KernelSet kernels, GridSize grid, byte[] parameters) =>
        (Node, Kernel, _kernels, Grid, _parameters) = (node, kernel, kernels, grid, parameters);

    /// <summary>The node whose result, or part of it, is computed.</summary>
    public Tensor Node { get; }

    public KernelInfo Kernel { get; }

    public GridSize Grid { get; }

    /// <summary>For errors: what ran, for which operation, at which module path.</summary>
    public string Where => $"in {Kernel.Name} for {Node.Op.Name} at {Node.Path}";

    public static Launch Of<T>(Tensor node, KernelInfo kernel, KernelSet kernels, GridSize grid, T parameters) where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() != kernel.ParameterBytes)
            throw new InvalidOperationException(
                $"{kernel.Name} takes {kernel.ParameterBytes} bytes of parameters, {typeof(T).Name} has {Unsafe.SizeOf<T>()}");
        if (!grid.IsLaunchable)
        {
            throw new DeviceException(string.Create(CultureInfo.InvariantCulture,
                $"{node.Op.Name} at {node.Path} gives {node.Shape}, which is too large for {kernel.Name} on a GPU; use a smaller batch or "
                    + $"size"));
        }
        return new Launch(node, kernel, kernels, grid, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in parameters)).ToArray());
    }

    /// <summary>Puts it on a stream; its kernel is loaded if it is not yet, which a stream that is captured does not allow.</summary>
    public void Put(CudaStream stream) => stream.Launch(
        _kernels.Function(Kernel), ((uint)Grid.X, (uint)Grid.Y, (uint)Grid.Z), (uint)Kernel.Threads, (uint)Kernel.SharedBytes, _parameters,
        Where);
}
