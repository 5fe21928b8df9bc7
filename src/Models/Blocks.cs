using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>Convolution that keeps the map's size, batch norm, ReLU; without a norm the convolution has a bias.</summary>
internal sealed class ConvBnReLU(
    WeightScope w, int inChannels, int outChannels, int kernelSize = 3, int dilation = 1, bool norm = true) : Sequential(
    w,
    new Conv2d(w[0], inChannels, outChannels, kernelSize, padding: kernelSize / 2 * dilation, dilation: dilation, bias: !norm),
    norm ? new BatchNorm2d(w[1], outChannels) : new Identity(w[1]),
    new Activate(w[2], Activation.ReLU));

/// <summary>A depthwise 3x3 and a pointwise convolution.</summary>
internal sealed class SeparableConv2d(WeightScope w, int inChannels, int outChannels, int dilation = 1) : Sequential(
    w,
    new Conv2d(w[0], inChannels, inChannels, kernelSize: 3, padding: dilation, dilation: dilation, groups: inChannels, bias: false),
    new Conv2d(w[1], inChannels, outChannels, kernelSize: 1, bias: false));

/// <summary>Separable convolution, batch norm, ReLU.</summary>
internal sealed class SeparableBnReLU(WeightScope w, int inChannels, int outChannels, int dilation = 1) : Sequential(
    w,
    new SeparableConv2d(w[0], inChannels, outChannels, dilation),
    new BatchNorm2d(w[1], outChannels),
    new Activate(w[2], Activation.ReLU));

/// <summary>
/// Concurrent spatial and channel squeeze-and-excitation (Roy et al. 2018, arXiv:1803.02579), or nothing where the network has no
/// attention.
/// </summary>
internal sealed class Attention(WeightScope w, int channels, bool scse) : Layer(w)
{
    private const int Reduction = 16;
    private readonly Layer? _channel = !scse ? null : new Sequential(
        w["attention"]["cSE"],
        new AdaptiveAvgPool2d(w["attention"]["cSE"][0], outputSize: 1),
        new Conv2d(w["attention"]["cSE"][1], channels, channels / Reduction, kernelSize: 1),
        new Activate(w["attention"]["cSE"][2], Activation.ReLU),
        new Conv2d(w["attention"]["cSE"][3], channels / Reduction, channels, kernelSize: 1),
        new Activate(w["attention"]["cSE"][4], Activation.Sigmoid));
    private readonly Layer? _spatial = !scse ? null : new Sequential(
        w["attention"]["sSE"],
        new Conv2d(w["attention"]["sSE"][0], channels, 1, kernelSize: 1),
        new Activate(w["attention"]["sSE"][1], Activation.Sigmoid));
    private readonly Identity _none = new(w["attention"]);

    protected override Tensor Compute(Tensor x) =>
        _channel is null ? _none.Forward(x) : x.Mul(_channel.Forward(x)).Add(x.Mul(_spatial!.Forward(x)));
}

/// <summary>The last convolution, upsampling to the image's size, and the activation.</summary>
internal sealed class SegmentationHead(
    WeightScope w, int inChannels, int classes, int kernelSize, int upsampling, OutputActivation activation) : Sequential(
    w,
    new Conv2d(w[0], inChannels, classes, kernelSize, padding: kernelSize / 2),
    upsampling > 1 ? new UpsamplingBilinear2d(w[1], upsampling) : new Identity(w[1]),
    new Sequential(w[2], Output(w[2]["activation"], activation)))
{
    private static Layer Output(WeightScope w, OutputActivation activation) => activation switch
    {
        OutputActivation.Sigmoid => new Activate(w, Activation.Sigmoid),
        OutputActivation.Softmax => new ClassSoftmax(w),
        _ => new Identity(w),
    };
}

/// <summary>The label of the whole image: the last feature map pooled, and a linear layer.</summary>
internal sealed class ClassificationHead(WeightScope w, int inChannels, LabelOptions options) : Layer(w)
{
    private readonly Linear _linear = new(w[3], inChannels, options.Classes);

    protected override Tensor Compute(Tensor x)
    {
        int size = Math.Max(x.Shape.H, x.Shape.W);
        Tensor label = _linear.Forward(
            options.Pooling == LabelPooling.Average ? x.AdaptiveAvgPool2d(1) : x.MaxPool2d(size, size, ceilMode: true));
        return options.Activation switch
        {
            OutputActivation.Sigmoid => label.Sigmoid(),
            OutputActivation.Softmax => label.Softmax(options.Classes),
            _ => label,
        };
    }
}

/// <summary>Softmax over the classes, pixel by pixel.</summary>
internal sealed class ClassSoftmax(WeightScope w) : Layer(w)
{
    protected override Tensor Compute(Tensor x) => x.Softmax(x.Shape.C);
}
