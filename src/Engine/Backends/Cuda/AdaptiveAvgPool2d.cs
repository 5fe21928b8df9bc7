using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Average pooling to bins: sums of parts of each bin by many blocks, then the parts in their order.</summary>
internal sealed class AdaptiveAvgPool2d(Tensor node, AdaptiveAvgPool2dOp op, PrecisionKernels kernels) : Routine(node)
{
    private readonly bool _single = node.Shape.C == 1;
    private readonly int _parts = Parts(node.Inputs[0].Shape, op.OutputSize);

    public override long TemporaryBytes => (long)_parts * Node.Shape.N * op.OutputSize * op.OutputSize * CudaMap.Padded(Node.Shape.C) * sizeof(float);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        PoolParameters parameters = LaunchSums(Node, binder[Node.Inputs[0]], op.OutputSize, _parts, binder.Temporary(Node), kernels, binder);
        parameters.Output = target;
        binder.LaunchItems(Node, kernels.One("pool_mean", Node, _single), target.Items, parameters);
    }

    /// <summary>How many parts a bin's rows are cut into: a matter of the picture's size alone, so that batches change no bit.</summary>
    public static int Parts(Shape input, int bins)
    {
        const int PixelsOfPart = 256;
        int rows = (input.H + bins - 1) / bins, pixels = rows * ((input.W + bins - 1) / bins);
        return Math.Clamp(pixels / PixelsOfPart, 1, Math.Min(rows, 32));
    }

    /// <summary>Leaves sums of parts of bins in <paramref name="partial"/>: [part][n][bin][padded channel].</summary>
    public static PoolParameters LaunchSums(Tensor node, CudaMap input, int bins, int parts, ulong partial, PrecisionKernels kernels, Binder binder)
    {
        int batch = input.Shape.N;
        var parameters = new PoolParameters
        {
            Input = input,
            // Of the output only its size is read here.
            Output = new CudaMap(0, input.Shape with { H = bins, W = bins }),
            Partial = (long)partial,
            PartialStride = CudaMap.Padded(input.Shape.C),
            Parts = parts,
            Batch = batch,
        };
        var grid = new Grid((input.Vectors + CudaMap.Lanes - 1) / CudaMap.Lanes, (long)bins * bins, (long)batch * parts);
        binder.Launch(node, kernels.One("pool_sums", node, input.IsSingle), grid, parameters);
        return parameters;
    }
}
