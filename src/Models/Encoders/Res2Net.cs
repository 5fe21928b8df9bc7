using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>Res2Net and Res2NeXt (Gao et al. 2019, arXiv:1904.01169) with the module names of timm.</summary>
internal sealed class Res2Net(WeightScope w, Res2NetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, ResNet.StemWidth, .. ResNet.Planes.Select(planes => planes * Expansion)],
    [
        () => [],
        () =>
        [
            new Conv2d(w["conv1"], options.InChannels, ResNet.StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
            new BatchNorm2d(w["bn1"], ResNet.StemWidth),
            new Activate(w["act1"], Activation.ReLU),
        ],
        () => [new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1), Stage(w, variant, 0, options)],
        () => [Stage(w, variant, 1, options)],
        () => [Stage(w, variant, 2, options)],
        () => [Stage(w, variant, 3, options)],
    ])
{
    private const int Expansion = 4;

    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, Res2NetVariant> Variants = new Dictionary<string, Res2NetVariant>
    {
        ["timm-res2net50_26w_4s"] = new([3, 4, 6, 3], Width: 26, Scale: 4),
        ["timm-res2net50_48w_2s"] = new([3, 4, 6, 3], Width: 48, Scale: 2),
        ["timm-res2net50_14w_8s"] = new([3, 4, 6, 3], Width: 14, Scale: 8),
        ["timm-res2net50_26w_6s"] = new([3, 4, 6, 3], Width: 26, Scale: 6),
        ["timm-res2net50_26w_8s"] = new([3, 4, 6, 3], Width: 26, Scale: 8),
        ["timm-res2net101_26w_4s"] = new([3, 4, 23, 3], Width: 26, Scale: 4),
        ["timm-res2next50"] = new([3, 4, 6, 3], Width: 4, Scale: 4, Groups: 8),
    };

    private static Sequential Stage(WeightScope w, Res2NetVariant variant, int index, EncoderOptions options)
    {
        WeightScope stage = w[$"layer{index + 1}"];
        int planes = ResNet.Planes[index], outChannels = planes * Expansion;
        int before = index == 0 ? ResNet.StemWidth : ResNet.Planes[index - 1] * Expansion;
        return new Sequential(stage, [.. Enumerable.Range(0, variant.Depths[index]).Select<int, Layer>(i =>
            i == 0 ? options.First(stage[i], Block(stage[i], before, stride: index > 0 ? 2 : 1))
                : Block(stage[i], outChannels, stride: 1))]);

        Bottle2neck Block(WeightScope block, int inChannels, int stride) =>
            new(block, inChannels, outChannels, variant.Width * planes / 64 * variant.Groups, variant.Scale, variant.Groups, stride);
    }
}

/// <summary>A member of the Res2Net family: blocks of each stage, width of a scale at 64 planes, scales, groups.</summary>
internal sealed record Res2NetVariant(IReadOnlyList<int> Depths, int Width, int Scale, int Groups = 1);

/// <summary>
/// A bottleneck whose 3x3 convolution is a cascade over parts of the channels: each part but the last is convolved, from the second on
/// after the result before it is added. The first block of a stage adds nothing and pools the last part.
/// </summary>
internal sealed class Bottle2neck(
    WeightScope w, int inChannels, int outChannels, int width, int scale, int groups, int stride) : Layer(w)
{
    private readonly Conv2d _conv1 = new(w["conv1"], inChannels, width * scale, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(w["bn1"], width * scale);
    private readonly Conv2d[] _convs = [.. Enumerable.Range(0, scale - 1).Select(i => new Conv2d(
        w["convs"][i], width, width, kernelSize: 3, stride, padding: 1, groups: groups, bias: false))];
    private readonly BatchNorm2d[] _bns = [.. Enumerable.Range(0, scale - 1).Select(i => new BatchNorm2d(w["bns"][i], width))];
    private readonly Conv2d _conv3 = new(w["conv3"], width * scale, outChannels, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn3 = new(w["bn3"], outChannels);
    private readonly Activate _relu = new(w["relu"], Activation.ReLU);
    private readonly Sequential? _downsample = Shortcut.Of(w["downsample"], inChannels, outChannels, stride);

    private bool IsFirst => _downsample is not null;

    protected override Tensor Compute(Tensor x)
    {
        Tensor reduced = _relu.Forward(_bn1.Forward(_conv1.Forward(x)));
        var parts = new Tensor[scale];
        for (int i = 0; i < scale - 1; i++)
        {
            Tensor part = reduced.Slice(i * width, width);
            Tensor sum = i == 0 || IsFirst ? part : parts[i - 1].Add(part);
            parts[i] = _relu.Forward(_bns[i].Forward(_convs[i].Forward(sum)));
        }
        Tensor last = reduced.Slice((scale - 1) * width, width);
        parts[^1] = IsFirst ? last.AvgPool2d(kernelSize: 3, TraceOf(x).Dilation is null ? stride : 1, padding: 1) : last;
        Tensor expanded = _bn3.Forward(_conv3.Forward(Tensor.Cat(parts[0], parts.AsSpan(1))));
        return _relu.Forward(expanded.Add(_downsample?.Forward(x) ?? x));
    }
}
