using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Softmax over parts of the channels.</summary>
internal sealed class Softmax(Tensor node, SoftmaxOp op, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.Softmax, node);

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        CudaMap written = target with { Shape = target.Shape with { C = CudaMap.Padded(target.Shape.C) } };
        binder.LaunchItems(Node, _kernel, (long)written.Shape.H * written.Shape.W * written.Shape.C, new SoftmaxParameters
        {
            Input = binder[Node.Inputs[0]],
            Output = written,
            Batch = target.Shape.N,
            Channels = target.Shape.C,
            Radix = op.Radix,
            Cardinality = op.Cardinality,
        });
    }
}
