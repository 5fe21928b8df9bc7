using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A sum or a product of two tensors, one spread over the other if need be; a product may have a third tensor added to it.
/// </summary>
internal sealed class Elementwise : CudaOp
{
    private readonly (Tensor A, Tensor B, Tensor? Added) _operands;
    private readonly KernelInfo _kernel;

    public Elementwise(Tensor node, (Tensor Product, Tensor Added)? fused, PrecisionKernels kernels) : base(node)
    {
        IReadOnlyList<Tensor> operands = fused?.Product.Inputs ?? node.Inputs;
        _operands = (operands[0], operands[1], fused?.Added);
        _kernel = kernels.One(fused is not null || node.Op is MulOp ? KernelFamily.Multiply : KernelFamily.Add, node, node.Shape.C == 1);
    }

    public override void Bind(Binder binder)
    {
        CudaMap target = binder[Node];
        binder.LaunchItems(Node, _kernel, target.Items, new BinaryParameters
        {
            A = binder[_operands.A],
            B = binder[_operands.B],
            Output = target,
            Residual = _operands.Added is { } added ? binder[added] : default(DeviceMap),
            Batch = target.Shape.N,
            Activation = ((ActivatedOp)Node.Op).Activation,
        });
    }
}
