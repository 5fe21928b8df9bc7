using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.GroupNorm</c>.</summary>
internal sealed class GroupNorm(WeightScope w, int groups, int channels, float eps = 1e-5f) : Layer(w)
{
    private readonly GroupNormOp _op = new(w.Get("weight", channels), w.Get("bias", channels), groups, eps);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
