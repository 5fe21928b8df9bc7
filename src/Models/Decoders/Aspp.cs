using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>Atrous spatial pyramid pooling: a 1x1, three dilated and a global branch side by side, then a projection.</summary>
internal sealed class Aspp : Layer
{
    private readonly Layer[] _convs;
    private readonly Sequential _project;

    /// <summary>Builds the pyramid; the dilated branches are separable in DeepLabV3+ and full in DeepLabV3 by default.</summary>
    public Aspp(WeightScope w, int inChannels, int outChannels, bool separable, IReadOnlyList<int> rates) : base(w)
    {
        WeightScope convs = w["convs"], project = w["project"];
        _convs =
        [
            new ConvBnReLU(convs[0], inChannels, outChannels, kernelSize: 1),
            .. rates.Select<int, Layer>((rate, index) => separable
                ? new SeparableBnReLU(convs[index + 1], inChannels, outChannels, rate)
                : new ConvBnReLU(convs[index + 1], inChannels, outChannels, dilation: rate)),
            new AsppPooling(convs[rates.Count + 1], inChannels, outChannels),
        ];
        _project = new Sequential(
            project,
            new Conv2d(project[0], _convs.Length * outChannels, outChannels, kernelSize: 1, bias: false),
            new BatchNorm2d(project[1], outChannels),
            new Activate(project[2], Activation.ReLU),
            new Identity(project[3]));
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor[] branches = [.. _convs.Select(conv => conv.Forward(x))];
        return _project.Forward(Tensor.Cat(branches[0], branches.AsSpan(1)));
    }
}

/// <summary>The image-level branch: global average, 1x1, spread over the map.</summary>
internal sealed class AsppPooling(WeightScope w, int inChannels, int outChannels) : Sequential(
    w,
    new AdaptiveAvgPool2d(w[0], outputSize: 1),
    new Conv2d(w[1], inChannels, outChannels, kernelSize: 1, bias: false),
    new BatchNorm2d(w[2], outChannels),
    new Activate(w[3], Activation.ReLU))
{
    protected override Tensor Compute(Tensor x) => base.Compute(x).UpsampleBilinear(like: x, alignCorners: false);
}
