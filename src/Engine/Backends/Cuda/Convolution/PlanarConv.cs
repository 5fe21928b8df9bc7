using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>A network's first convolution, from the planar input.</summary>
internal sealed class PlanarConv(Tensor node, Conv2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.ConvPlanar, node);

    public override bool ReadsPlanar => true;

    /// <summary>Few channels and small windows, no groups and nothing to add: what the kernel holds in shared memory.</summary>
    public static bool Takes(Tensor node, Conv2dOp op, Graph graph, PrecisionKernels kernels) => node.Inputs[0] == graph.Input
        && op is { Groups: 1, Residual: false, C: <= 4, K: > 1 }
        && WeightBytes(op) <= kernels.One(KernelFamily.ConvPlanar, node).SharedBytes;

    public override void Bind(Binder binder)
    {
        Shape input = Node.Inputs[0].Shape;
        CudaMap output = binder[Node];
        int filters = CudaMap.Padded(op.K);
        long rows = (long)output.Shape.H * output.Vectors;
        var grid = new GridSize((output.Shape.W + _kernel.TileN - 1) / _kernel.TileN, (rows + _kernel.TileM - 1) / _kernel.TileM,
            output.Shape.N);
        binder.Launch(Node, _kernel, grid, new PlanarConvParameters
        {
            Output = output,
            Input = (long)binder.PlanarInput,
            Weights = (long)binder.Weights(op, WeightLayout.Planar, (long)op.C * op.R * op.S * filters, () => Pack(ConvWeights.Of(op))),
            Bias = (long)binder.Weights(op, WeightLayout.Bias, filters, () => DirectConv.Bias(ConvWeights.Of(op))),
            Batch = input.N,
            Channels = input.C,
            Height = input.H,
            Width = input.W,
            Window = Windows.Of(op),
            Activation = op.Activation,
        });
    }

    private static int WeightBytes(Conv2dOp op) => op.C * op.R * op.S * CudaMap.Padded(op.K) * sizeof(float);

    // [c][r][s][filter].
    private static float[] Pack(ConvWeights weights)
    {
        int filters = CudaMap.Padded(weights.K), rows = weights.C * weights.R * weights.S;
        var packed = new float[rows * filters];
        for (int k = 0; k < weights.K; k++)
        {
            for (int row = 0; row < rows; row++) packed[(row * filters) + k] = weights.Values[(k * rows) + row];
        }
        return packed;
    }
}
