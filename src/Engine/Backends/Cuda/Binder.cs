using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>What ops bind themselves to: where maps lie, the model's weights, and who takes the launches.</summary>
internal abstract class Binder
{
    /// <summary>The graph's input, planar float32.</summary>
    public abstract ulong PlanarInput { get; }

    /// <summary>Bytes of a map's element.</summary>
    public abstract int ElementBytes { get; }

    /// <summary>Where a tensor lies.</summary>
    public abstract CudaMap this[Tensor tensor] { get; }

    /// <summary>The address of one of a node's <see cref="CudaOp.Workspaces"/>.</summary>
    public abstract long Workspace(Tensor node, int index = 0);

    /// <summary>Whether a concatenation's part is written into its place by whoever makes it.</summary>
    public abstract bool IsInPlace(Tensor concat, int part);

    /// <summary>
    /// The address of an operation's weights in some form: <paramref name="count"/> elements that <paramref name="pack"/> makes.
    /// </summary>
    public abstract ulong Weights<T>(Op op, WeightForm form, long count, Func<T[]> pack) where T : unmanaged;

    public abstract void Launch<T>(Tensor node, KernelInfo kernel, GridSize grid, T parameters) where T : unmanaged;

    /// <summary>Weights of the maps' type, given as float32.</summary>
    public ulong StoredWeights(Op op, WeightForm form, long count, Func<float[]> pack) => ElementBytes == sizeof(float)
        ? Weights(op, form, count, pack)
        : Weights(op, form, count, () => Array.ConvertAll(pack(), value => (Half)value));

    /// <summary>A launch with a thread for each of so many items of each image.</summary>
    public void LaunchItems<T>(Tensor node, KernelInfo kernel, long items, T parameters) where T : unmanaged =>
        Launch(node, kernel, GridSize.OfItems(items, node.Shape.N, kernel.Threads), parameters);
}

/// <summary>Binds the ops of a plan, whose launches it lists.</summary>
internal sealed class PlanBinder(KernelSet kernels, MapMemory memory, WeightStore weights) : Binder
{
    private readonly List<Launch> _launches = [];

    public IReadOnlyList<Launch> Launches => _launches;

    public override ulong PlanarInput => memory.PlanarInput;

    public override int ElementBytes => memory.ElementBytes;

    public override CudaMap this[Tensor tensor] => memory[tensor];

    public override long Workspace(Tensor node, int index = 0) => (long)memory.Workspace(node, index);

    public override bool IsInPlace(Tensor concat, int part) => memory.IsInPlace(concat, part);

    public override ulong Weights<T>(Op op, WeightForm form, long count, Func<T[]> pack) => weights.Get(op, form, count, pack);

    public override void Launch<T>(Tensor node, KernelInfo kernel, GridSize grid, T parameters) =>
        _launches.Add(Cuda.Launch.Of(node, kernel, kernels, grid, parameters));
}
