using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.AdaptiveAvgPool2d</c> with a square result.</summary>
internal sealed class AdaptiveAvgPool2d(WeightScope w, int outputSize) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, new AdaptiveAvgPool2dOp(outputSize));
}
