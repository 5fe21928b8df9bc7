using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>
/// PyTorch's <c>nn.Conv2d</c> with one stride and one dilation for both axes. Where a network multiplies the result by a constant, that is
/// <paramref name="scale"/>: weights and bias are read multiplied.
/// </summary>
internal sealed class Conv2d(
    WeightScope w, int inChannels, int outChannels, KernelSize kernelSize,
    int stride = 1, Padding padding = default, int dilation = 1, int groups = 1, bool bias = true, float scale = 1) : Layer(w)
{
    private readonly Conv2dOp _op = new(
        w.Get("weight", outChannels, inChannels / groups, kernelSize.Height, kernelSize.Width).Scaled(scale),
        bias ? w.Get("bias", outChannels).Scaled(scale) : null,
        stride, padding, dilation, groups);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, TraceOf(x).Dilation is int rate ? Dilated(rate) : _op);

    private Conv2dOp Dilated(int rate)
    {
        if (_op is { R: 1, S: 1 }) return _op with { Stride = 1, Padding = default };
        int horizontal = _op.S / 2 * rate, vertical = _op.R / 2 * rate;
        return _op with { Stride = 1, Dilation = rate, Padding = new Padding(horizontal, vertical, horizontal, vertical) };
    }
}
