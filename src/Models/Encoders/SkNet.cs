using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>SK-ResNet and SK-ResNeXt (Li et al. 2019, arXiv:1903.06586) with the module names of timm.</summary>
internal sealed class SkNet(WeightScope w, SkNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, ResNet.StemWidth, .. ResNet.Planes.Select(planes => planes * variant.Shape.Expansion)],
    [
        () => [],
        () =>
        [
            new Conv2d(w["conv1"], options.InChannels, ResNet.StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
            new BatchNorm2d(w["bn1"], ResNet.StemWidth),
            new Activate(w["act1"], Activation.ReLU),
        ],
        () => [new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1), Stage(w, variant, 0)],
        () => [Stage(w, variant, 1)],
        () => [Stage(w, variant, 2)],
        () => [Stage(w, variant, 3)],
    ])
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, SkNetVariant> Variants = new Dictionary<string, SkNetVariant>
    {
        ["timm-skresnet18"] = new(new([2, 2, 2, 2], IsBasic: true), Reduction: 8, Divisor: 8),
        ["timm-skresnet34"] = new(new([3, 4, 6, 3], IsBasic: true), Reduction: 8, Divisor: 8),
        ["timm-skresnext50_32x4d"] = new(new([3, 4, 6, 3], Groups: 32, GroupWidth: 4), Reduction: 16, Divisor: 8),
    };

    /// <summary>
    /// The same encoders as timm 0.3 built them: with wider attention, and the ResNeXt one without a split of its input. The library has
    /// one name for both; here these end in the version.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, SkNetVariant> OldVariants = Variants.ToDictionary(
        pair => $"{pair.Key}-0.3",
        pair => pair.Value with { Divisor = pair.Value.Shape.IsBasic ? 16 : 32, SplitsInput = pair.Value.Shape.IsBasic });

    private static Sequential Stage(WeightScope w, SkNetVariant variant, int index)
    {
        WeightScope stage = w[$"layer{index + 1}"];
        int planes = ResNet.Planes[index], outChannels = planes * variant.Shape.Expansion;
        int before = index == 0 ? ResNet.StemWidth : ResNet.Planes[index - 1] * variant.Shape.Expansion;
        return new Sequential(stage, [.. Enumerable.Range(0, variant.Shape.Depths[index]).Select<int, Layer>(block =>
        {
            int inChannels = block == 0 ? before : outChannels, stride = block == 0 && index > 0 ? 2 : 1;
            return variant.Shape.IsBasic
                ? new SkBasicBlock(stage[block], variant, inChannels, outChannels, stride)
                : new SkBottleneck(stage[block], variant, inChannels, outChannels, variant.Shape.Width(planes), stride);
        })]);
    }
}

/// <summary>
/// A member of the SK family: its shape as a ResNet, how far the attention reduces, what its width is a multiple of, and whether each
/// kernel reads a part of the channels of its own.
/// </summary>
internal sealed record SkNetVariant(ResNetVariant Shape, int Reduction, int Divisor, bool SplitsInput = true);

/// <summary>Selective kernel, 3x3, shortcut.</summary>
internal sealed class SkBasicBlock(WeightScope w, SkNetVariant variant, int inChannels, int channels, int stride) : Layer(w)
{
    private readonly SelectiveKernel _conv1 = new(w["conv1"], variant, inChannels, channels, stride);
    private readonly ConvBnAct _conv2 = new(w["conv2"], channels, channels, kernelSize: 3, activate: false);
    private readonly Activate _act = new(w["act"], Activation.ReLU);
    private readonly Sequential? _downsample = Shortcut.Of(w["downsample"], inChannels, channels, stride);

    protected override Tensor Compute(Tensor x) =>
        _act.Forward(_conv2.Forward(_conv1.Forward(x)).Add(_downsample?.Forward(x) ?? x));
}

/// <summary>1x1, selective kernel, 1x1, shortcut.</summary>
internal sealed class SkBottleneck(WeightScope w, SkNetVariant variant, int inChannels, int outChannels, int width, int stride) : Layer(w)
{
    private readonly ConvBnAct _conv1 = new(w["conv1"], inChannels, width, kernelSize: 1);
    private readonly SelectiveKernel _conv2 = new(w["conv2"], variant, width, width, stride);
    private readonly ConvBnAct _conv3 = new(w["conv3"], width, outChannels, kernelSize: 1, activate: false);
    private readonly Activate _act = new(w["act3"], Activation.ReLU);
    private readonly Sequential? _downsample = Shortcut.Of(w["downsample"], inChannels, outChannels, stride);

    protected override Tensor Compute(Tensor x) =>
        _act.Forward(_conv3.Forward(_conv2.Forward(_conv1.Forward(x))).Add(_downsample?.Forward(x) ?? x));
}

/// <summary>
/// Two 3x3 convolutions, the second dilated, each on half of the channels or on all; their results are summed with weights that come from
/// the mean of their plain sum.
/// </summary>
internal sealed class SelectiveKernel(WeightScope w, SkNetVariant variant, int inChannels, int outChannels, int stride) : Layer(w)
{
    private const int Paths = 2;
    private readonly ConvBnAct[] _paths = [.. Enumerable.Range(0, Paths).Select(path => new ConvBnAct(
        w["paths"][path], variant.SplitsInput ? inChannels / Paths : inChannels, outChannels, kernelSize: 3, stride, dilation: path + 1,
        groups: Math.Min(outChannels, variant.Shape.Groups)))];
    private readonly SelectiveAttention _attn = new(
        w["attn"], outChannels, Divisible.Round((double)outChannels / variant.Reduction, variant.Divisor, minimum: variant.Divisor), Paths);

    protected override Tensor Compute(Tensor x)
    {
        Tensor Part(int path) => variant.SplitsInput ? x.Slice(path * inChannels / Paths, inChannels / Paths) : x;
        Tensor[] results = [.. _paths.Select((path, i) => path.Forward(Part(i)))];
        Tensor shares = _attn.Forward(results[0].Add(results[1]).AdaptiveAvgPool2d(1));
        return results[0].Mul(shares.Slice(0, outChannels)).Add(results[1].Mul(shares.Slice(outChannels, outChannels)));
    }
}

/// <summary>The shares of each path, channel by channel.</summary>
internal sealed class SelectiveAttention(WeightScope w, int channels, int squeezed, int paths) : Layer(w)
{
    private readonly Conv2d _fcReduce = new(w["fc_reduce"], channels, squeezed, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn = new(w["bn"], squeezed);
    private readonly Activate _act = new(w["act"], Activation.ReLU);
    private readonly Conv2d _fcSelect = new(w["fc_select"], squeezed, channels * paths, kernelSize: 1, bias: false);

    protected override Tensor Compute(Tensor x) =>
        _fcSelect.Forward(_act.Forward(_bn.Forward(_fcReduce.Forward(x)))).Softmax(paths);
}
