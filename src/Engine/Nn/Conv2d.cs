using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.Conv2d</c> with a square kernel.</summary>
public sealed class Conv2d(
    WeightScope w, int inChannels, int outChannels, int kernelSize,
    int stride = 1, Padding padding = default, int dilation = 1, int groups = 1, bool bias = true) : Layer(w)
{
    private readonly Conv2dOp _op = new(
        w.Get("weight", outChannels, inChannels / groups, kernelSize, kernelSize),
        bias ? w.Get("bias", outChannels) : null,
        stride, padding, dilation, groups);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
