using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A batch norm that no convolution took over, or an activation of its own: x · scale + shift and the activation.</summary>
internal sealed class PerChannel(Tensor node, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.ScaleShift, node, node.Shape.C == 1);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        var parameters = new PixelParameters { Input = binder[Node.Inputs[0]], Output = target, Batch = target.Shape.N };
        if (Node.Op is BatchNormOp norm)
        {
            int channels = CudaMap.Padded(Node.Shape.C);
            float[] Scale() => ChannelPadding.Pad(FoldBatchNorm.ScaleAndShift(norm).Scale);
            float[] Shift() => ChannelPadding.Pad(FoldBatchNorm.ScaleAndShift(norm).Shift);
            parameters.Scale = (long)binder.Weights(norm, WeightLayout.Scale, channels, Scale);
            parameters.Shift = (long)binder.Weights(norm, WeightLayout.Shift, channels, Shift);
            parameters.Activation = norm.Activation;
        }
        else
        {
            parameters.Activation = ((ActivationOp)Node.Op).Function;
        }
        binder.LaunchItems(Node, _kernel, target.Items, parameters);
    }
}
