using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// SE-ResNeXt-101 32x4d (Xie et al. 2017, arXiv:1611.05431; Hu et al. 2018, arXiv:1709.01507) with the module names of
/// pretrainedmodels 0.7.4.
/// </summary>
internal sealed class SeResNeXt(WeightScope w) : Encoder(w, [3, StemWidth, 256, 512, 1024, 2048], Stages(w))
{
    private const int StemWidth = 64;
    private static readonly int[] Depths = [3, 4, 23, 3];

    private static Layer[][] Stages(WeightScope w)
    {
        WeightScope stem = w["layer0"];
        return
        [
            [
                new Conv2d(stem["conv1"], 3, StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
                new BatchNorm2d(stem["bn1"], StemWidth),
                new Activate(stem["relu1"], Activation.ReLU),
            ],
            [
                // The original Caffe weights want a window that hangs over the border, not padding.
                new MaxPool2d(stem["pool"], kernelSize: 3, stride: 2, ceilMode: true),
                Stage(w["layer1"], StemWidth, 256, Depths[0], stride: 1),
            ],
            [Stage(w["layer2"], 256, 512, Depths[1], stride: 2)],
            [Stage(w["layer3"], 512, 1024, Depths[2], stride: 2)],
            [Stage(w["layer4"], 1024, 2048, Depths[3], stride: 2)],
        ];
    }

    private static Sequential Stage(WeightScope w, int inChannels, int outChannels, int depth, int stride) =>
        new(w, [.. Enumerable.Range(0, depth).Select(block => new SeResNeXtBottleneck(
            w[block], block == 0 ? inChannels : outChannels, outChannels, block == 0 ? stride : 1))]);
}

/// <summary>1x1, 3x3 in 32 groups, 1x1, squeeze-and-excitation, shortcut.</summary>
internal sealed class SeResNeXtBottleneck(WeightScope w, int inChannels, int outChannels, int stride) : Layer(w)
{
    private const int Groups = 32;

    // 4 channels per group where the block puts out 256, and in proportion.
    private readonly Conv2d _conv1 = new(w["conv1"], inChannels, outChannels / 2, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn1 = new(w["bn1"], outChannels / 2);
    private readonly Conv2d _conv2 = new(
        w["conv2"], outChannels / 2, outChannels / 2, kernelSize: 3, stride, padding: 1, groups: Groups, bias: false);
    private readonly BatchNorm2d _bn2 = new(w["bn2"], outChannels / 2);
    private readonly Conv2d _conv3 = new(w["conv3"], outChannels / 2, outChannels, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn3 = new(w["bn3"], outChannels);
    private readonly Activate _relu = new(w["relu"], Activation.ReLU);
    private readonly SqueezeExcite _seModule = new(w["se_module"], outChannels);
    private readonly Sequential? _downsample = stride == 1 && inChannels == outChannels ? null : new(
        w["downsample"],
        new Conv2d(w["downsample"][0], inChannels, outChannels, kernelSize: 1, stride, bias: false),
        new BatchNorm2d(w["downsample"][1], outChannels));

    protected override Tensor Compute(Tensor x)
    {
        Tensor reduced = _relu.Forward(_bn1.Forward(_conv1.Forward(x)));
        Tensor grouped = _relu.Forward(_bn2.Forward(_conv2.Forward(reduced)));
        Tensor expanded = _bn3.Forward(_conv3.Forward(grouped));
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
