using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.MaxPool2d</c>.</summary>
internal sealed class MaxPool2d(WeightScope w, int kernelSize, int stride, int padding = 0, bool ceilMode = false) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, new MaxPool2dOp(kernelSize, stride, padding, ceilMode));
}
