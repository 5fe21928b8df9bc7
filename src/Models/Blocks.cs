using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>Convolution that keeps the map's size, batch norm, ReLU.</summary>
internal sealed class ConvBnReLU(WeightScope w, int inChannels, int outChannels, int kernelSize = 3, int dilation = 1) : Sequential(
    w,
    new Conv2d(w[0], inChannels, outChannels, kernelSize, padding: kernelSize / 2 * dilation, dilation: dilation, bias: false),
    new BatchNorm2d(w[1], outChannels),
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

/// <summary>The last convolution, to one class, upsampling to the image's size, and sigmoid.</summary>
internal sealed class SegmentationHead(WeightScope w, int inChannels, int kernelSize, int upsampling) : Sequential(
    w,
    new Conv2d(w[0], inChannels, 1, kernelSize, padding: kernelSize / 2),
    upsampling > 1 ? new UpsamplingBilinear2d(w[1], upsampling) : new Identity(w[1]),
    new Sequential(w[2], new Activate(w[2]["activation"], Activation.Sigmoid)));
