using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.LayerNorm</c> over the channels of a map, pixel by pixel.</summary>
internal sealed class ChannelNorm(WeightScope w, int channels, float eps = 1e-5f) : Layer(w)
{
    private readonly ChannelNormOp _op = new(w.Get("weight", channels), w.Get("bias", channels), eps);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
