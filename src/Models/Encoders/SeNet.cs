using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// SE-ResNet, SE-ResNeXt and SENet-154 (Hu et al. 2018, arXiv:1709.01507) with the module names of pretrainedmodels 0.7.4.
/// </summary>
internal sealed class SeNet(WeightScope w, SeNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth, .. ResNet.Planes.Select(planes => planes * Expansion)],
    [
        () => [],
        () => Stem(w["layer0"], variant, options.InChannels),
        // The original Caffe weights want a window that hangs over the border, not padding.
        () => [new MaxPool2d(w["layer0"]["pool"], kernelSize: 3, stride: 2, ceilMode: true), Stage(w, variant, 0)],
        () => [Stage(w, variant, 1)],
        () => [Stage(w, variant, 2)],
        () => [Stage(w, variant, 3)],
    ])
{
    private const int Expansion = 4;

    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, SeNetVariant> Variants = new Dictionary<string, SeNetVariant>
    {
        ["se_resnet50"] = new([3, 4, 6, 3]),
        ["se_resnet101"] = new([3, 4, 23, 3]),
        ["se_resnet152"] = new([3, 8, 36, 3]),
        ["se_resnext50_32x4d"] = new([3, 4, 6, 3], Groups: 32),
        ["se_resnext101_32x4d"] = new([3, 4, 23, 3], Groups: 32),
        ["senet154"] = new([3, 8, 36, 3], Groups: 64),
    };

    private static Layer[] Stem(WeightScope w, SeNetVariant variant, int inChannels) => variant.IsSeNet154
        ?
        [
            new Conv2d(w["conv1"], inChannels, 64, kernelSize: 3, stride: 2, padding: 1, bias: false),
            new BatchNorm2d(w["bn1"], 64),
            new Activate(w["relu1"], Activation.ReLU),
            new Conv2d(w["conv2"], 64, 64, kernelSize: 3, padding: 1, bias: false),
            new BatchNorm2d(w["bn2"], 64),
            new Activate(w["relu2"], Activation.ReLU),
            new Conv2d(w["conv3"], 64, variant.StemWidth, kernelSize: 3, padding: 1, bias: false),
            new BatchNorm2d(w["bn3"], variant.StemWidth),
            new Activate(w["relu3"], Activation.ReLU),
        ]
        :
        [
            new Conv2d(w["conv1"], inChannels, variant.StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
            new BatchNorm2d(w["bn1"], variant.StemWidth),
            new Activate(w["relu1"], Activation.ReLU),
        ];

    private static Sequential Stage(WeightScope w, SeNetVariant variant, int index)
    {
        WeightScope stage = w[$"layer{index + 1}"];
        int planes = ResNet.Planes[index], outChannels = planes * Expansion;
        int before = index == 0 ? variant.StemWidth : ResNet.Planes[index - 1] * Expansion;
        return new Sequential(stage, [.. Enumerable.Range(0, variant.Depths[index]).Select(block => new SeBottleneck(
            stage[block], variant, block == 0 ? before : outChannels, planes, outChannels, block == 0 && index > 0 ? 2 : 1))]);
    }
}

/// <summary>A member of the SENet family; its groups tell which: 1 is SE-ResNet, 32 SE-ResNeXt 32x4d, 64 SENet-154.</summary>
internal sealed record SeNetVariant(IReadOnlyList<int> Depths, int Groups = 1)
{
    public bool IsSeNet154 => Groups == 64;

    public int StemWidth => IsSeNet154 ? 128 : ResNet.StemWidth;

    /// <summary>SE-ResNet strides in the first convolution, as its Caffe original did; the others in the 3x3 one.</summary>
    public bool StridesFirst => Groups == 1;

    /// <summary>Channels of the 1x1 and of the 3x3 convolution.</summary>
    public (int Reduced, int Spatial) Widths(int planes) =>
        IsSeNet154 ? (planes * 2, planes * 4) : Groups == 1 ? (planes, planes) : (planes * 2, planes * 2);
}

/// <summary>1x1, 3x3, 1x1, squeeze-and-excitation, shortcut.</summary>
internal sealed class SeBottleneck : Layer
{
    private readonly Conv2d _conv1, _conv2, _conv3;
    private readonly BatchNorm2d _bn1, _bn2, _bn3;
    private readonly Activate _relu;
    private readonly SqueezeExcite _seModule;
    private readonly Sequential? _downsample;

    public SeBottleneck(WeightScope w, SeNetVariant variant, int inChannels, int planes, int outChannels, int stride) : base(w)
    {
        (int reduced, int spatial) = variant.Widths(planes);
        (int first, int second) = variant.StridesFirst ? (stride, 1) : (1, stride);
        _conv1 = new(w["conv1"], inChannels, reduced, kernelSize: 1, first, bias: false);
        _bn1 = new(w["bn1"], reduced);
        _conv2 = new(w["conv2"], reduced, spatial, kernelSize: 3, second, padding: 1, groups: variant.Groups, bias: false);
        _bn2 = new(w["bn2"], spatial);
        _conv3 = new(w["conv3"], spatial, outChannels, kernelSize: 1, bias: false);
        _bn3 = new(w["bn3"], outChannels);
        _relu = new(w["relu"], Activation.ReLU);
        _seModule = new(w["se_module"], outChannels);
        _downsample = Shortcut.Of(w["downsample"], inChannels, outChannels, stride, variant.IsSeNet154 && stride > 1 ? 3 : 1);
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor reduced = _relu.Forward(_bn1.Forward(_conv1.Forward(x)));
        Tensor spatial = _relu.Forward(_bn2.Forward(_conv2.Forward(reduced)));
        Tensor expanded = _bn3.Forward(_conv3.Forward(spatial));
        Tensor shortcut = _downsample?.Forward(x) ?? x;
        return _relu.Forward(_seModule.Forward(expanded).Add(shortcut));
    }
}

/// <summary>Squeeze-and-excitation: each channel scaled by a gate computed from all channels' means.</summary>
internal sealed class SqueezeExcite(WeightScope w, int channels, int reduction = 16) : Layer(w)
{
    private readonly AdaptiveAvgPool2d _avgPool = new(w["avg_pool"], outputSize: 1);
    private readonly Conv2d _fc1 = new(w["fc1"], channels, channels / reduction, kernelSize: 1);
    private readonly Activate _relu = new(w["relu"], Activation.ReLU);
    private readonly Conv2d _fc2 = new(w["fc2"], channels / reduction, channels, kernelSize: 1);
    private readonly Activate _sigmoid = new(w["sigmoid"], Activation.Sigmoid);

    protected override Tensor Compute(Tensor x) =>
        x.Mul(_sigmoid.Forward(_fc2.Forward(_relu.Forward(_fc1.Forward(_avgPool.Forward(x))))));
}
