using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// Xception (Chollet 2016, arXiv:1610.02357) with the module names of pretrainedmodels 0.7.4; the library pads the first two convolutions.
/// </summary>
internal sealed class Xception(WeightScope w, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, 64, 128, 256, 728, 2048],
    [
        () => [],
        () =>
        [
            new Conv2d(w["conv1"], options.InChannels, 32, kernelSize: 3, stride: 2, padding: 1, bias: false),
            new BatchNorm2d(w["bn1"], 32),
            new Activate(w["relu1"], Activation.ReLU),
            new Conv2d(w["conv2"], 32, 64, kernelSize: 3, padding: 1, bias: false),
            new BatchNorm2d(w["bn2"], 64),
            new Activate(w["relu2"], Activation.ReLU),
        ],
        () => [new XceptionBlock(w["block1"], [64, 128, 128], stride: 2, startsWithReLU: false)],
        () => [new XceptionBlock(w["block2"], [128, 256, 256], stride: 2)],
        () =>
        [
            new XceptionBlock(w["block3"], [256, 728, 728], stride: 2),
            .. Enumerable.Range(4, 8).Select(i => new XceptionBlock(w[$"block{i}"], [728, 728, 728, 728], stride: 1)),
        ],
        () =>
        [
            new XceptionBlock(w["block12"], [728, 728, 1024], stride: 2),
            new DepthwiseSeparable(w["conv3"], 1024, 1536),
            new BatchNorm2d(w["bn3"], 1536),
            new Activate(w["relu3"], Activation.ReLU),
            new DepthwiseSeparable(w["conv4"], 1536, 2048),
            new BatchNorm2d(w["bn4"], 2048),
        ],
    ]);

/// <summary>ReLU, separable convolution and batch norm for each step of widths, a max pooling that strides, and a shortcut.</summary>
internal sealed class XceptionBlock : Layer
{
    private readonly Sequential _rep;
    private readonly Conv2d? _skip;
    private readonly BatchNorm2d? _skipNorm;

    public XceptionBlock(WeightScope w, IReadOnlyList<int> widths, int stride, bool startsWithReLU = true) : base(w)
    {
        if (stride > 1 || widths[0] != widths[^1])
        {
            _skip = new(w["skip"], widths[0], widths[^1], kernelSize: 1, stride, bias: false);
            _skipNorm = new(w["skipbn"], widths[^1]);
        }
        WeightScope rep = w["rep"];
        var layers = new List<Layer>();
        for (int i = 1; i < widths.Count; i++)
        {
            if (i > 1 || startsWithReLU) layers.Add(new Activate(rep[layers.Count], Activation.ReLU));
            layers.Add(new DepthwiseSeparable(rep[layers.Count], widths[i - 1], widths[i]));
            layers.Add(new BatchNorm2d(rep[layers.Count], widths[i]));
        }
        if (stride > 1) layers.Add(new MaxPool2d(rep[layers.Count], kernelSize: 3, stride, padding: 1));
        _rep = new Sequential(rep, layers);
    }

    protected override Tensor Compute(Tensor x) => _rep.Forward(x).Add(_skip is null ? x : _skipNorm!.Forward(_skip.Forward(x)));
}

/// <summary>A depthwise 3x3 and a pointwise convolution.</summary>
internal sealed class DepthwiseSeparable(WeightScope w, int inChannels, int outChannels) : Sequential(
    w,
    new Conv2d(w["conv1"], inChannels, inChannels, kernelSize: 3, padding: 1, groups: inChannels, bias: false),
    new Conv2d(w["pointwise"], inChannels, outChannels, kernelSize: 1, bias: false));
