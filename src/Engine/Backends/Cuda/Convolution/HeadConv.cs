using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>A convolution with a single filter, as a segmentation head is.</summary>
internal sealed class HeadConv(Tensor node, Conv2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.ConvHead, node);

    public static bool Takes(Conv2dOp op) => op is { K: 1, C: > 1, Groups: 1 };

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], output = binder[Node];
        int channels = CudaMap.Padded(op.C), lanes = PixelLanes.For(channels / CudaMap.Lanes);
        binder.LaunchItems(Node, _kernel, output.Items * lanes, new HeadConvParameters
        {
            Input = input,
            Output = output,
            Residual = op.Residual ? binder[Node.Inputs[1]] : default(DeviceMap),
            Weights = (long)binder.Weights(op, WeightLayout.Head, (long)op.R * op.S * channels, () => Pack(ConvWeights.Of(op))),
            Bias = (long)binder.Weights(op, WeightLayout.Bias, 1, () => DirectConv.Bias(ConvWeights.Of(op))),
            Batch = output.Shape.N,
            Window = Windows.Of(op),
            Lanes = lanes,
            Activation = op.Activation,
        });
    }

    // [r][s][channel].
    private static float[] Pack(ConvWeights weights)
    {
        int channels = CudaMap.Padded(weights.C), taps = weights.R * weights.S;
        var packed = new float[taps * channels];
        for (int c = 0; c < weights.C; c++)
        {
            for (int tap = 0; tap < taps; tap++) packed[(tap * channels) + c] = weights.Values[(c * taps) + tap];
        }
        return packed;
    }
}
