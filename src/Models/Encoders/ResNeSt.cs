using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>ResNeSt (Zhang et al. 2020, arXiv:2004.08955) with the module names of timm.</summary>
internal sealed class ResNeSt(WeightScope w, ResNeStVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth * 2, .. ResNet.Planes.Select(planes => planes * Expansion)],
    [
        () => [],
        () => Stem(w, variant.StemWidth, options.InChannels),
        () => [new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1), Stage(w, variant, 0)],
        () => [Stage(w, variant, 1)],
        () => [Stage(w, variant, 2)],
        () => [Stage(w, variant, 3)],
    ])
{
    private const int Expansion = 4;

    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, ResNeStVariant> Variants = new Dictionary<string, ResNeStVariant>
    {
        ["timm-resnest14d"] = new([1, 1, 1, 1]),
        ["timm-resnest26d"] = new([2, 2, 2, 2]),
        ["timm-resnest50d"] = new([3, 4, 6, 3]),
        ["timm-resnest101e"] = new([3, 4, 23, 3], StemWidth: 64),
        ["timm-resnest200e"] = new([3, 24, 36, 3], StemWidth: 64),
        ["timm-resnest269e"] = new([3, 30, 48, 8], StemWidth: 64),
        ["timm-resnest50d_4s2x40d"] = new([3, 4, 6, 3], Radix: 4, Groups: 2, GroupWidth: 40, PoolsFirst: true),
        ["timm-resnest50d_1s4x24d"] = new([3, 4, 6, 3], Radix: 1, Groups: 4, GroupWidth: 24, PoolsFirst: true),
    };

    private static Layer[] Stem(WeightScope w, int width, int inChannels) =>
    [
        new Sequential(
            w["conv1"],
            new Conv2d(w["conv1"][0], inChannels, width, kernelSize: 3, stride: 2, padding: 1, bias: false),
            new BatchNorm2d(w["conv1"][1], width),
            new Activate(w["conv1"][2], Activation.ReLU),
            new Conv2d(w["conv1"][3], width, width, kernelSize: 3, padding: 1, bias: false),
            new BatchNorm2d(w["conv1"][4], width),
            new Activate(w["conv1"][5], Activation.ReLU),
            new Conv2d(w["conv1"][6], width, width * 2, kernelSize: 3, padding: 1, bias: false)),
        new BatchNorm2d(w["bn1"], width * 2),
        new Activate(w["act1"], Activation.ReLU),
    ];

    private static Sequential Stage(WeightScope w, ResNeStVariant variant, int index)
    {
        WeightScope stage = w[$"layer{index + 1}"];
        int planes = ResNet.Planes[index], outChannels = planes * Expansion;
        int before = index == 0 ? variant.StemWidth * 2 : ResNet.Planes[index - 1] * Expansion;
        return new Sequential(stage, [.. Enumerable.Range(0, variant.Depths[index]).Select(block => new ResNeStBottleneck(
            stage[block], variant, block == 0 ? before : outChannels, outChannels, planes * variant.GroupWidth / 64 * variant.Groups,
            block == 0 && index > 0 ? 2 : 1))]);
    }
}

/// <summary>
/// A member of the ResNeSt family: blocks of each stage, splits of each group, groups and their width at 64 planes, and whether a
/// stride's pooling comes before the convolution or after it.
/// </summary>
internal sealed record ResNeStVariant(
    IReadOnlyList<int> Depths, int StemWidth = 32, int Radix = 2, int Groups = 1, int GroupWidth = 64, bool PoolsFirst = false);

/// <summary>1x1, split attention, 1x1; an average pooling strides.</summary>
internal sealed class ResNeStBottleneck : Layer
{
    private readonly Conv2d _conv1, _conv3;
    private readonly BatchNorm2d _bn1, _bn3;
    private readonly SplitAttention _conv2;
    private readonly AvgPool2d? _avdFirst, _avdLast;
    private readonly Activate _act;
    private readonly Sequential? _downsample;

    public ResNeStBottleneck(WeightScope w, ResNeStVariant variant, int inChannels, int outChannels, int width, int stride) : base(w)
    {
        _conv1 = new(w["conv1"], inChannels, width, kernelSize: 1, bias: false);
        _bn1 = new(w["bn1"], width);
        _conv2 = new(w["conv2"], width, variant.Radix, variant.Groups);
        _conv3 = new(w["conv3"], width, outChannels, kernelSize: 1, bias: false);
        _bn3 = new(w["bn3"], outChannels);
        _act = new(w["act3"], Activation.ReLU);
        if (stride > 1 && variant.PoolsFirst) _avdFirst = new(w["avd_first"], kernelSize: 3, stride, padding: 1);
        if (stride > 1 && !variant.PoolsFirst) _avdLast = new(w["avd_last"], kernelSize: 3, stride, padding: 1);
        if (stride == 1 && inChannels == outChannels) return;
        WeightScope downsample = w["downsample"];
        _downsample = new(
            downsample,
            stride == 1 ? new Identity(downsample[0])
                : new AvgPool2d(downsample[0], kernelSize: 2, stride, ceilMode: true, countIncludePad: false),
            new Conv2d(downsample[1], inChannels, outChannels, kernelSize: 1, bias: false),
            new BatchNorm2d(downsample[2], outChannels));
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor y = _act.Forward(_bn1.Forward(_conv1.Forward(x)));
        y = _conv2.Forward(_avdFirst?.Forward(y) ?? y);
        y = _bn3.Forward(_conv3.Forward(_avdLast?.Forward(y) ?? y));
        return _act.Forward(y.Add(_downsample?.Forward(x) ?? x));
    }
}

/// <summary>
/// Split attention: a grouped 3x3 convolution to <paramref name="radix"/> maps, which are summed with weights that come from the mean
/// of their plain sum.
/// </summary>
internal sealed class SplitAttention(WeightScope w, int channels, int radix, int groups) : Layer(w)
{
    private readonly Conv2d _conv = new(
        w["conv"], channels, channels * radix, kernelSize: 3, padding: 1, groups: groups * radix, bias: false);
    private readonly BatchNorm2d _bn0 = new(w["bn0"], channels * radix);
    private readonly Activate _act = new(w["act0"], Activation.ReLU);
    private readonly Conv2d _fc1 = new(w["fc1"], channels, Squeezed(channels, radix), kernelSize: 1, groups: groups);
    private readonly BatchNorm2d _bn1 = new(w["bn1"], Squeezed(channels, radix));
    private readonly Conv2d _fc2 = new(w["fc2"], Squeezed(channels, radix), channels * radix, kernelSize: 1, groups: groups);

    protected override Tensor Compute(Tensor x)
    {
        Tensor all = _act.Forward(_bn0.Forward(_conv.Forward(x)));
        Tensor[] splits = radix == 1 ? [all] : [.. Enumerable.Range(0, radix).Select(r => all.Slice(r * channels, channels))];
        Tensor mean = splits.Aggregate((sum, split) => sum.Add(split)).AdaptiveAvgPool2d(1);
        Tensor scores = _fc2.Forward(_act.Forward(_bn1.Forward(_fc1.Forward(mean))));
        if (radix == 1) return all.Mul(scores.Sigmoid());
        Tensor shares = scores.Softmax(radix, groups);
        return splits.Select((split, r) => split.Mul(shares.Slice(r * channels, channels))).Aggregate((sum, part) => sum.Add(part));
    }

    private static int Squeezed(int channels, int radix) => Divisible.Round(channels * radix / 4.0, minimum: 32);
}
