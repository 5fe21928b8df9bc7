using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Average pooling over windows.</summary>
internal sealed class AvgPool2d(Tensor node, AvgPool2dOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.AveragePool, node, node.Shape.C == 1);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        binder.LaunchItems(Node, _kernel, target.Items, new WindowPoolParameters
        {
            Input = binder[Node.Inputs[0]],
            Output = target,
            Batch = target.Shape.N,
            KernelSize = op.Window.KernelSize,
            Stride = op.Window.Stride,
            Padding = op.Window.Padding,
            CountIncludePad = op.CountIncludePad ? 1 : 0,
        });
    }
}
