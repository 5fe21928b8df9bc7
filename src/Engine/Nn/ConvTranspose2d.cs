using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>PyTorch's <c>nn.ConvTranspose2d</c> with a square kernel and a bias.</summary>
internal sealed class ConvTranspose2d(WeightScope w, int inChannels, int outChannels, int kernelSize, int stride, int padding) : Layer(w)
{
    private readonly ConvTranspose2dOp _op = new(
        w.Get("weight", inChannels, outChannels, kernelSize, kernelSize), w.Get("bias", outChannels), stride, padding);

    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, _op);
}
