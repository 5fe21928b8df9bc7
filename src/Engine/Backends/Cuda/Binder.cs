using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>What routines bind themselves to: where maps lie, the model's weights, the kernels, and the launches so far.</summary>
internal sealed class Binder(KernelSet kernels, MapMemory memory, WeightStore weights)
{
    private readonly List<Launch> _launches = [];

    public IReadOnlyList<Launch> Launches => _launches;

    /// <summary>The graph's input, planar float32.</summary>
    public ulong PlanarInput => memory.PlanarInput;

    /// <summary>Bytes of a map's element.</summary>
    public int ElementBytes => memory.ElementBytes;

    /// <summary>Where a tensor lies.</summary>
    public CudaMap this[Tensor tensor] => memory[tensor];

    /// <summary>The address of one of a node's <see cref="Routine.Workspaces"/>.</summary>
    public long Workspace(Tensor node, int index = 0) => (long)memory.Workspace(node, index);

    /// <summary>Whether a concatenation's part is written into its place by whoever makes it.</summary>
    public bool IsInPlace(Tensor concat, int part) => memory.IsInPlace(concat, part);

    public ulong Weights<T>(Op op, string form, long count, Func<T[]> pack) where T : unmanaged => weights.Get(op, form, count, pack);

    /// <summary>The same for weights of the maps' type, given as float32.</summary>
    public ulong StoredWeights(Op op, string form, long count, Func<float[]> pack) => ElementBytes == sizeof(float)
        ? weights.Get(op, form, count, pack)
        : weights.Get(op, form, count, () => Array.ConvertAll(pack(), value => (Half)value));

    public void Launch<T>(Tensor node, KernelInfo kernel, GridSize grid, T parameters) where T : unmanaged =>
        _launches.Add(Cuda.Launch.Of(node, kernel, kernels, grid, parameters));

    /// <summary>A launch with a thread for each of so many items of each picture.</summary>
    public void LaunchItems<T>(Tensor node, KernelInfo kernel, long items, T parameters) where T : unmanaged =>
        Launch(node, kernel, GridSize.OfItems(items, node.Shape.N, kernel.Threads), parameters);
}
