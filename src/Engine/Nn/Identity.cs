using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.Identity</c>, and what <c>nn.Dropout</c> is at inference: no operation, but a module path to read at.</summary>
internal sealed class Identity(WeightScope w) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x;
}
