using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>RegNet (Radosavovic et al. 2020, arXiv:2003.13678) with the module names of timm.</summary>
internal sealed class RegNet(WeightScope w, RegNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, StemWidth, .. variant.Widths],
    [
        () => [],
        () => [new ConvBnAct(w["stem"], options.InChannels, StemWidth, kernelSize: 3, stride: 2)],
        .. Enumerable.Range(0, variant.Widths.Count).Select(i => (Func<IReadOnlyList<Layer>>)(() =>
            [Stage(w[$"s{i + 1}"], variant, i == 0 ? StemWidth : variant.Widths[i - 1], i, options)])),
    ])
{
    /// <summary>The members of the family by their names in the library: X, and Y with squeeze-and-excitation.</summary>
    public static readonly IReadOnlyDictionary<string, RegNetVariant> Variants = new Dictionary<string, RegNetVariant>
    {
        ["timm-regnetx_002"] = new([1, 1, 4, 7], [24, 56, 152, 368], GroupWidth: 8),
        ["timm-regnetx_004"] = new([1, 2, 7, 12], [32, 64, 160, 384], GroupWidth: 16),
        ["timm-regnetx_006"] = new([1, 3, 5, 7], [48, 96, 240, 528], GroupWidth: 24),
        ["timm-regnetx_008"] = new([1, 3, 7, 5], [64, 128, 288, 672], GroupWidth: 16),
        ["timm-regnetx_016"] = new([2, 4, 10, 2], [72, 168, 408, 912], GroupWidth: 24),
        ["timm-regnetx_032"] = new([2, 6, 15, 2], [96, 192, 432, 1008], GroupWidth: 48),
        ["timm-regnetx_040"] = new([2, 5, 14, 2], [80, 240, 560, 1360], GroupWidth: 40),
        ["timm-regnetx_064"] = new([2, 4, 10, 1], [168, 392, 784, 1624], GroupWidth: 56),
        ["timm-regnetx_080"] = new([2, 5, 15, 1], [80, 240, 720, 1920], GroupWidth: 120),
        ["timm-regnetx_120"] = new([2, 5, 11, 1], [224, 448, 896, 2240], GroupWidth: 112),
        ["timm-regnetx_160"] = new([2, 6, 13, 1], [256, 512, 896, 2048], GroupWidth: 128),
        ["timm-regnetx_320"] = new([2, 7, 13, 1], [336, 672, 1344, 2520], GroupWidth: 168),
        ["timm-regnety_002"] = new([1, 1, 4, 7], [24, 56, 152, 368], GroupWidth: 8, SqueezeExcite: true),
        ["timm-regnety_004"] = new([1, 3, 6, 6], [48, 104, 208, 440], GroupWidth: 8, SqueezeExcite: true),
        ["timm-regnety_006"] = new([1, 3, 7, 4], [48, 112, 256, 608], GroupWidth: 16, SqueezeExcite: true),
        ["timm-regnety_008"] = new([1, 3, 8, 2], [64, 128, 320, 768], GroupWidth: 16, SqueezeExcite: true),
        ["timm-regnety_016"] = new([2, 6, 17, 2], [48, 120, 336, 888], GroupWidth: 24, SqueezeExcite: true),
        ["timm-regnety_032"] = new([2, 5, 13, 1], [72, 216, 576, 1512], GroupWidth: 24, SqueezeExcite: true),
        ["timm-regnety_040"] = new([2, 6, 12, 2], [128, 192, 512, 1088], GroupWidth: 64, SqueezeExcite: true),
        ["timm-regnety_064"] = new([2, 7, 14, 2], [144, 288, 576, 1296], GroupWidth: 72, SqueezeExcite: true),
        ["timm-regnety_080"] = new([2, 4, 10, 1], [168, 448, 896, 2016], GroupWidth: 56, SqueezeExcite: true),
        ["timm-regnety_120"] = new([2, 5, 11, 1], [224, 448, 896, 2240], GroupWidth: 112, SqueezeExcite: true),
        ["timm-regnety_160"] = new([2, 4, 11, 1], [224, 448, 1232, 3024], GroupWidth: 112, SqueezeExcite: true),
        ["timm-regnety_320"] = new([2, 5, 12, 1], [232, 696, 1392, 3712], GroupWidth: 232, SqueezeExcite: true),
    };

    private const int StemWidth = 32;

    private static Sequential Stage(WeightScope w, RegNetVariant variant, int inChannels, int index, EncoderOptions options)
    {
        int width = variant.Widths[index];
        return new Sequential(w, [.. Enumerable.Range(0, variant.Depths[index]).Select<int, Layer>(i =>
        {
            WeightScope block = w[$"b{i + 1}"];
            return i == 0 ? options.First(block, Block(block, inChannels, stride: 2)) : Block(block, width, stride: 1);
        })]);

        RegNetBottleneck Block(WeightScope scope, int before, int stride) =>
            new(scope, before, width, stride, variant.GroupWidth, variant.SqueezeExcite);
    }
}

/// <summary>A member of the RegNet family: blocks and channels of each of the four stages.</summary>
internal sealed record RegNetVariant(IReadOnlyList<int> Depths, IReadOnlyList<int> Widths, int GroupWidth, bool SqueezeExcite = false);

/// <summary>1x1, grouped 3x3, squeeze-and-excitation if any, 1x1, shortcut.</summary>
internal sealed class RegNetBottleneck(
    WeightScope w, int inChannels, int outChannels, int stride, int groupWidth, bool squeezeExcite) : Layer(w)
{
    private readonly ConvBnAct _conv1 = new(w["conv1"], inChannels, outChannels, kernelSize: 1);
    private readonly ConvBnAct _conv2 = new(
        w["conv2"], outChannels, outChannels, kernelSize: 3, stride, groups: outChannels / Math.Min(groupWidth, outChannels));
    private readonly RegNetSqueezeExcite? _se = squeezeExcite ? new(w["se"], outChannels, (int)Math.Round(inChannels / 4.0)) : null;
    private readonly ConvBnAct _conv3 = new(w["conv3"], outChannels, outChannels, kernelSize: 1, activate: false);
    private readonly ConvBnAct? _downsample = stride != 1 || inChannels != outChannels
        ? new(w["downsample"], inChannels, outChannels, kernelSize: 1, stride, activate: false) : null;
    private readonly Activate _act3 = new(w["act3"], Activation.ReLU);

    protected override Tensor Compute(Tensor x)
    {
        Tensor spatial = _conv2.Forward(_conv1.Forward(x));
        Tensor projected = _conv3.Forward(_se?.Forward(spatial) ?? spatial);
        Tensor shortcut = _downsample?.Forward(x) ?? x;
        return _act3.Forward(projected.Add(shortcut));
    }
}

/// <summary>Squeeze-and-excitation; its width follows the block's input, not its own.</summary>
internal sealed class RegNetSqueezeExcite(WeightScope w, int channels, int squeezed) : Layer(w)
{
    private readonly Conv2d _fc1 = new(w["fc1"], channels, squeezed, kernelSize: 1);
    private readonly Activate _act = new(w["act"], Activation.ReLU);
    private readonly Conv2d _fc2 = new(w["fc2"], squeezed, channels, kernelSize: 1);
    private readonly Activate _gate = new(w["gate"], Activation.Sigmoid);

    protected override Tensor Compute(Tensor x) =>
        x.Mul(_gate.Forward(_fc2.Forward(_act.Forward(_fc1.Forward(x.AdaptiveAvgPool2d(1))))));
}
