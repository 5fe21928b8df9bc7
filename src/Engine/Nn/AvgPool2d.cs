using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.AvgPool2d</c>.</summary>
internal sealed class AvgPool2d(
    WeightScope w, int kernelSize, int stride, int padding = 0, bool ceilMode = false, bool countIncludePad = true) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) =>
        x.ApplyAt(Path, new AvgPool2dOp(new PoolWindow(kernelSize, stride, padding, ceilMode), countIncludePad));
}
