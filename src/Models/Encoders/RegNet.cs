using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>RegNet (Radosavovic et al. 2020, arXiv:2003.13678) with the module names of timm 0.3.2.</summary>
internal sealed class RegNet(WeightScope w, RegNetVariant variant, int depth = 5)
    : Encoder(w, [3, StemWidth, .. variant.Widths], Stages(w, variant), depth)
{
    /// <summary>RegNetX-6.4GF.</summary>
    public static readonly RegNetVariant X064 =
        new(Depths: [2, 4, 10, 1], Widths: [168, 392, 784, 1624], GroupWidth: 56, SqueezeExcite: false);

    /// <summary>RegNetY-6.4GF: with squeeze-and-excitation.</summary>
    public static readonly RegNetVariant Y064 =
        new(Depths: [2, 7, 14, 2], Widths: [144, 288, 576, 1296], GroupWidth: 72, SqueezeExcite: true);

    private const int StemWidth = 32;

    private static Layer[][] Stages(WeightScope w, RegNetVariant variant)
    {
        int[] inChannels = [StemWidth, .. variant.Widths];
        return
        [
            [new ConvBnAct(w["stem"], 3, StemWidth, kernelSize: 3, stride: 2)],
            .. variant.Widths.Select((_, i) => new Layer[] { Stage(w[$"s{i + 1}"], variant, inChannels[i], i) }),
        ];
    }

    private static Sequential Stage(WeightScope w, RegNetVariant variant, int inChannels, int index)
    {
        int width = variant.Widths[index];
        return new Sequential(w, [.. Enumerable.Range(0, variant.Depths[index]).Select(block => new RegNetBottleneck(
            w[$"b{block + 1}"], block == 0 ? inChannels : width, width, stride: block == 0 ? 2 : 1,
            variant.GroupWidth, variant.SqueezeExcite))]);
    }
}

/// <summary>A member of the RegNet family: blocks and channels of each of the four stages.</summary>
internal sealed record RegNetVariant(IReadOnlyList<int> Depths, IReadOnlyList<int> Widths, int GroupWidth, bool SqueezeExcite);

/// <summary>1x1, grouped 3x3, squeeze-and-excitation if any, 1x1, shortcut.</summary>
internal sealed class RegNetBottleneck(
    WeightScope w, int inChannels, int outChannels, int stride, int groupWidth, bool squeezeExcite) : Layer(w)
{
    private readonly ConvBnAct _conv1 = new(w["conv1"], inChannels, outChannels, kernelSize: 1);
    private readonly ConvBnAct _conv2 = new(
        w["conv2"], outChannels, outChannels, kernelSize: 3, stride, groups: outChannels / groupWidth);
    private readonly RegNetSqueezeExcite? _se = squeezeExcite ? new(w["se"], outChannels, inChannels / 4) : null;
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

/// <summary>Convolution, batch norm and ReLU as timm names them: the activation is a child of the norm.</summary>
internal sealed class ConvBnAct(
    WeightScope w, int inChannels, int outChannels, int kernelSize, int stride = 1, int groups = 1, bool activate = true) : Layer(w)
{
    private readonly Conv2d _conv = new(
        w["conv"], inChannels, outChannels, kernelSize, stride, padding: kernelSize / 2, groups: groups, bias: false);
    private readonly Layer _bn = activate
        ? new Sequential(w["bn"], new BatchNorm2d(w["bn"], outChannels), new Activate(w["bn"]["act"], Activation.ReLU))
        : new BatchNorm2d(w["bn"], outChannels);

    protected override Tensor Compute(Tensor x) => _bn.Forward(_conv.Forward(x));
}
