using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.UpsamplingBilinear2d</c>, which aligns corners.</summary>
internal sealed class UpsamplingBilinear2d(WeightScope w, int scaleFactor) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, new UpsampleBilinearOp(scaleFactor, AlignCorners: true));
}
