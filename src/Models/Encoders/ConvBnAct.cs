using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>Convolution, batch norm and ReLU as timm names them: the activation is a child of the norm.</summary>
internal sealed class ConvBnAct(
    WeightScope w, int inChannels, int outChannels, int kernelSize, int stride = 1, int dilation = 1, int groups = 1, bool activate = true)
    : Layer(w)
{
    private readonly Conv2d _conv = new(
        w["conv"], inChannels, outChannels, kernelSize, stride, padding: kernelSize / 2 * dilation, dilation, groups, bias: false);
    private readonly Layer _bn = activate
        ? new Sequential(w["bn"], new BatchNorm2d(w["bn"], outChannels), new Activate(w["bn"]["act"], Activation.ReLU))
        : new BatchNorm2d(w["bn"], outChannels);

    protected override Tensor Compute(Tensor x) => _bn.Forward(_conv.Forward(x));
}
