using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// ResNet (He et al. 2015, arXiv:1512.03385) and ResNeXt (Xie et al. 2017, arXiv:1611.05431) with the module names of torchvision.
/// </summary>
internal sealed class ResNet(WeightScope w, ResNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, StemWidth, .. Planes.Select(planes => planes * variant.Expansion)],
    [
        () => [],
        () =>
        [
            new Conv2d(w["conv1"], options.InChannels, StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
            new BatchNorm2d(w["bn1"], StemWidth),
            new Activate(w["relu"], Activation.ReLU),
        ],
        () => [new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1), Stage(w, variant, 0)],
        () => [Stage(w, variant, 1)],
        () => [Stage(w, variant, 2)],
        () => [Stage(w, variant, 3)],
    ])
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, ResNetVariant> Variants = new Dictionary<string, ResNetVariant>
    {
        ["resnet18"] = new([2, 2, 2, 2], IsBasic: true),
        ["resnet34"] = new([3, 4, 6, 3], IsBasic: true),
        ["resnet50"] = new([3, 4, 6, 3]),
        ["resnet101"] = new([3, 4, 23, 3]),
        ["resnet152"] = new([3, 8, 36, 3]),
        ["resnext50_32x4d"] = new([3, 4, 6, 3], Groups: 32, GroupWidth: 4),
        ["resnext101_32x4d"] = new([3, 4, 23, 3], Groups: 32, GroupWidth: 4),
        ["resnext101_32x8d"] = new([3, 4, 23, 3], Groups: 32, GroupWidth: 8),
        ["resnext101_32x16d"] = new([3, 4, 23, 3], Groups: 32, GroupWidth: 16),
        ["resnext101_32x32d"] = new([3, 4, 23, 3], Groups: 32, GroupWidth: 32),
        ["resnext101_32x48d"] = new([3, 4, 23, 3], Groups: 32, GroupWidth: 48),
    };

    /// <summary>What the four stages' widths are counted from.</summary>
    internal static readonly int[] Planes = [64, 128, 256, 512];

    internal const int StemWidth = 64;

    private static Sequential Stage(WeightScope w, ResNetVariant variant, int index)
    {
        WeightScope stage = w[$"layer{index + 1}"];
        int before = index == 0 ? StemWidth : Planes[index - 1] * variant.Expansion;
        return new Sequential(stage, [.. Enumerable.Range(0, variant.Depths[index]).Select<int, Layer>(block =>
        {
            int inChannels = block == 0 ? before : Planes[index] * variant.Expansion, stride = block == 0 && index > 0 ? 2 : 1;
            return variant.IsBasic
                ? new BasicBlock(stage[block], inChannels, Planes[index], stride)
                : new Bottleneck(stage[block], inChannels, Planes[index] * variant.Expansion, variant.Width(Planes[index]), stride,
                    variant.Groups);
        })]);
    }
}

/// <summary>
/// A member of the ResNet family: blocks of each stage, and the groups of its 3x3 convolutions with their width at 64 planes.
/// </summary>
internal sealed record ResNetVariant(IReadOnlyList<int> Depths, bool IsBasic = false, int Groups = 1, int GroupWidth = 64)
{
    /// <summary>A block's output channels for each of its planes.</summary>
    public int Expansion => IsBasic ? 1 : 4;

    /// <summary>Channels of a bottleneck's 3x3 convolution.</summary>
    public int Width(int planes) => planes * GroupWidth / 64 * Groups;
}

/// <summary>Two 3x3 convolutions and a shortcut.</summary>
internal sealed class BasicBlock(WeightScope w, int inChannels, int channels, int stride) : Layer(w)
{
    private readonly Conv2d _conv1 = new(w["conv1"], inChannels, channels, kernelSize: 3, stride, padding: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(w["bn1"], channels);
    private readonly Activate _relu = new(w["relu"], Activation.ReLU);
    private readonly Conv2d _conv2 = new(w["conv2"], channels, channels, kernelSize: 3, padding: 1, bias: false);
    private readonly BatchNorm2d _bn2 = new(w["bn2"], channels);
    private readonly Layer? _downsample = Shortcut.Of(w["downsample"], inChannels, channels, stride);

    protected override Tensor Compute(Tensor x)
    {
        Tensor y = _bn2.Forward(_conv2.Forward(_relu.Forward(_bn1.Forward(_conv1.Forward(x)))));
        return _relu.Forward(y.Add(_downsample?.Forward(x) ?? x));
    }
}

/// <summary>1x1, 3x3, 1x1 and a shortcut; the 3x3 convolution strides.</summary>
internal sealed class Bottleneck(WeightScope w, int inChannels, int outChannels, int width, int stride, int groups) : Layer(w)
{
    private readonly Conv2d _conv1 = new(w["conv1"], inChannels, width, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(w["bn1"], width);
    private readonly Conv2d _conv2 = new(w["conv2"], width, width, kernelSize: 3, stride, padding: 1, groups: groups, bias: false);
    private readonly BatchNorm2d _bn2 = new(w["bn2"], width);
    private readonly Conv2d _conv3 = new(w["conv3"], width, outChannels, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn3 = new(w["bn3"], outChannels);
    private readonly Activate _relu = new(w["relu"], Activation.ReLU);
    private readonly Layer? _downsample = Shortcut.Of(w["downsample"], inChannels, outChannels, stride);

    protected override Tensor Compute(Tensor x)
    {
        Tensor reduced = _relu.Forward(_bn1.Forward(_conv1.Forward(x)));
        Tensor spatial = _relu.Forward(_bn2.Forward(_conv2.Forward(reduced)));
        Tensor expanded = _bn3.Forward(_conv3.Forward(spatial));
        return _relu.Forward(expanded.Add(_downsample?.Forward(x) ?? x));
    }
}

/// <summary>The projection of a residual block's input where its size or channels change.</summary>
internal static class Shortcut
{
    /// <summary>A convolution and a batch norm, or nothing where the shortcut is the input itself.</summary>
    public static Sequential? Of(WeightScope w, int inChannels, int outChannels, int stride, int kernelSize = 1) =>
        stride == 1 && inChannels == outChannels ? null : new Sequential(
            w,
            new Conv2d(w[0], inChannels, outChannels, kernelSize, stride, padding: kernelSize / 2, bias: false),
            new BatchNorm2d(w[1], outChannels));
}
