using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Layer normalisation over the channels of each pixel.</summary>
internal sealed class ChannelNorm(Tensor node, ChannelNormOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.ChannelNorm, node);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        int channels = target.Shape.C, lanes = PixelLanes.For(channels);
        binder.LaunchItems(Node, _kernel, (long)target.Shape.H * target.Shape.W * lanes, new ChannelNormParameters
        {
            Input = binder[Node.Inputs[0]],
            Output = target with { Shape = target.Shape with { C = CudaMap.Padded(channels) } },
            Weight = (long)binder.Weights(op, WeightLayout.Scale, channels, op.Weight.Read),
            Bias = (long)binder.Weights(op, WeightLayout.Shift, channels, op.Bias.Read),
            Batch = target.Shape.N,
            Lanes = lanes,
            Epsilon = op.Eps,
        });
    }
}
