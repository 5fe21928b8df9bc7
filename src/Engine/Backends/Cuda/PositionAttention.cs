using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// MA-Net's attention: scores with each row's greatest, exponentials with each row's sum, and the product over the map's sum.
/// </summary>
internal sealed class PositionAttention(Tensor node, PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _scores = kernels.One(KernelFamily.AttentionScores, node, node.Inputs[0].Shape.C == 1);
    private readonly KernelInfo _exponentials = kernels.Named(KernelFamily.AttentionExponentials, node);
    private readonly KernelInfo _product = kernels.One(KernelFamily.AttentionProduct, node, node.Shape.C == 1);
    private readonly AttentionParameters _sizes = new()
    {
        Top = new CudaMap(0, node.Inputs[0].Shape),
        Output = new CudaMap(0, node.Shape),
        ScoreStride = AttentionParameters.StrideOf(node.Shape.H * node.Shape.W),
        Batch = node.Shape.N,
    };

    public override IReadOnlyList<long> Workspaces =>
        [_sizes.ScoreFloats * sizeof(float), _sizes.GreatestFloats * sizeof(float), _sizes.SumFloats * sizeof(float)];

    public override void Bind(Binder binder)
    {
        AttentionParameters parameters = _sizes with
        {
            Top = binder[Node.Inputs[0]],
            Center = binder[Node.Inputs[1]],
            Bottom = binder[Node.Inputs[2]],
            Output = binder[Node],
            Scores = binder.Workspace(Node, 0),
            Greatest = binder.Workspace(Node, 1),
            Sums = binder.Workspace(Node, 2),
        };
        binder.Launch(Node, _scores, parameters.ScoresGrid, parameters);
        binder.Launch(Node, _exponentials, parameters.ExponentialsGrid, parameters);
        binder.Launch(Node, _product, parameters.ProductGrid, parameters);
    }
}
