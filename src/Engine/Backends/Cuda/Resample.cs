using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>An operation whose pixels each read a few pixels of one input: max pooling, nearest and bilinear upsampling.</summary>
internal abstract class Resample(Tensor node, string family, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(family, node, node.Shape.C == 1);

    public sealed override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        var parameters = new ResampleParameters { Input = binder[Node.Inputs[0]], Output = target, Batch = target.Shape.N };
        Describe(ref parameters);
        binder.LaunchItems(Node, _kernel, target.Items, parameters);
    }

    protected abstract void Describe(ref ResampleParameters parameters);
}

/// <summary>Max pooling.</summary>
internal sealed class MaxPool2d(Tensor node, MaxPool2dOp op, PrecisionKernels kernels) : Resample(node, KernelFamily.MaxPool, kernels)
{
    protected override void Describe(ref ResampleParameters parameters) =>
        (parameters.KernelSize, parameters.Stride, parameters.Padding) = (op.KernelSize, op.Stride, op.Padding);
}

/// <summary>Nearest upsampling.</summary>
internal sealed class UpsampleNearest(Tensor node, UpsampleNearestOp op, PrecisionKernels kernels) : Resample(node,
    KernelFamily.UpsampleNearest, kernels)
{
    protected override void Describe(ref ResampleParameters parameters) => parameters.Factor = op.Scale;
}

/// <summary>Bilinear resizing; the scales are rounded as <see cref="UpsampleBilinearOp.Source"/> rounds them.</summary>
internal sealed class UpsampleBilinear(Tensor node, UpsampleBilinearOp op, PrecisionKernels kernels) : Resample(node,
    KernelFamily.UpsampleBilinear, kernels)
{
    protected override void Describe(ref ResampleParameters parameters)
    {
        (Shape from, Shape to) = (Node.Inputs[0].Shape, Node.Shape);
        parameters.RowScale = op.SourceScale(from.H, to.H);
        parameters.ColumnScale = op.SourceScale(from.W, to.W);
        parameters.AlignCorners = op.AlignCorners ? 1 : 0;
        parameters.Activation = op.Activation;
    }
}
