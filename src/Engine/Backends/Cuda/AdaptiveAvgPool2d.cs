using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Average pooling to bins: sums of parts of each bin by many blocks, then the parts in their order.</summary>
internal sealed class AdaptiveAvgPool2d(Tensor node, AdaptiveAvgPool2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly bool _single = node.Shape.C == 1;
    private readonly PoolParameters _sums = Sums(node.Inputs[0].Shape, op.OutputSize);

    public override IReadOnlyList<long> Workspaces => [_sums.PartialFloats * sizeof(float)];

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        PoolParameters parameters = LaunchSums(Node, _sums, binder[Node.Inputs[0]], kernels, binder) with { Output = target };
        binder.LaunchItems(Node, kernels.One(KernelFamily.PoolMean, Node, _single), target.Items, parameters);
    }

    /// <summary>Sums of parts of bins, before they have addresses.</summary>
    public static PoolParameters Sums(Shape input, int bins) => new()
    {
        Input = new CudaMap(0, input),
        // Of the output pool_sums reads the size alone.
        Output = new CudaMap(0, input with { H = bins, W = bins }),
        PartialStride = CudaMap.Padded(input.C),
        Parts = Parts(input, bins),
        Batch = input.N,
    };

    /// <summary>Launches pool_sums into a node's first workspace, and returns the parameters with their addresses.</summary>
    public static PoolParameters LaunchSums(Tensor node, PoolParameters sums, CudaMap input, PrecisionKernels kernels, Binder binder)
    {
        KernelInfo kernel = kernels.One(KernelFamily.PoolSums, node, input.IsSingle);
        PoolParameters parameters = sums with { Input = input, Partial = binder.Workspace(node) };
        binder.Launch(node, kernel, parameters.SumsGrid(kernel.Width), parameters);
        return parameters;
    }

    // How many parts a bin's rows are cut into: a matter of the image's size alone, so that batches change no bit.
    private static int Parts(Shape input, int bins)
    {
        const int PixelsOfPart = 256;
        int rows = (input.H + bins - 1) / bins, pixels = rows * ((input.W + bins - 1) / bins);
        return Math.Clamp(pixels / PixelsOfPart, 1, Math.Min(rows, 32));
    }
}
