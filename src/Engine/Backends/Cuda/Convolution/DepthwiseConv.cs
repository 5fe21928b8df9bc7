using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>A convolution with one filter for each channel.</summary>
internal sealed class DepthwiseConv(Tensor node, Conv2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(Family(op), node);

    public static bool Takes(Conv2dOp op) => op.Groups == op.C && op.K == op.C && op is { C: > 1, Residual: false };

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], output = binder[Node];
        int channels = CudaMap.Padded(op.C);
        long items = (long)output.Shape.H * DepthwiseParameters.Strips(output.Shape.W, op.Dilation) * output.Vectors;
        binder.LaunchItems(Node, _kernel, items, new DepthwiseParameters
        {
            Input = input,
            Output = output,
            Weights = (long)binder.StoredWeights(
                op, WeightLayout.Depthwise, (long)op.R * op.S * channels, () => Pack(ConvWeights.Of(op), channels)),
            Bias = (long)binder.Weights(op, WeightLayout.Bias, channels, () => DirectConv.Bias(ConvWeights.Of(op))),
            Batch = output.Shape.N,
            Window = Windows.Of(op),
            Activation = op.Activation,
        });
    }

    private static string Family(Conv2dOp op) => (op.R, op.S) switch
    {
        (3, 3) => KernelFamily.Depthwise3x3,
        (5, 5) => KernelFamily.Depthwise5x5,
        _ => KernelFamily.Depthwise,
    };

    // [r][s][channel].
    private static float[] Pack(ConvWeights weights, int channels)
    {
        int taps = weights.R * weights.S;
        var packed = new float[taps * channels];
        for (int k = 0; k < weights.K; k++)
        {
            for (int tap = 0; tap < taps; tap++) packed[(tap * channels) + k] = weights.Values[(k * taps) + tap];
        }
        return packed;
    }
}
