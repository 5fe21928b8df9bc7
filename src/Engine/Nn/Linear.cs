using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.Linear</c> on the channels of a map, pixel by pixel: a 1x1 convolution whose weight is [K, C].</summary>
internal sealed class Linear(WeightScope w, int inFeatures, int outFeatures) : Layer(w)
{
    private readonly Conv2dOp _op = new(
        w.Get("weight", outFeatures, inFeatures).WithDims([outFeatures, inFeatures, 1, 1]), w.Get("bias", outFeatures), 1, default, 1, 1);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
