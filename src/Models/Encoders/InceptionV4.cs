using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// Inception-v4 (Szegedy et al. 2016, arXiv:1602.07261) with the module names of pretrainedmodels 0.7.4; the library pads every 3x3 window.
/// </summary>
internal sealed class InceptionV4(WeightScope w, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, 64, 192, 384, 1024, 1536],
    Stages(w["features"], options.InChannels))
{
    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, int inChannels) =>
    [
        () => [],
        () => [new InceptionConv(w[0], inChannels, 32, 3, stride: 2), new InceptionConv(w[1], 32, 32, 3),
            new InceptionConv(w[2], 32, 64, 3)],
        () => [Mixed3A(w[3]), Mixed4A(w[4])],
        () => [Mixed5A(w[5]), InceptionA(w[6]), InceptionA(w[7]), InceptionA(w[8])],
        () => [InceptionA(w[9]), ReductionA(w[10]), .. Enumerable.Range(11, 4).Select(i => InceptionB(w[i]))],
        () => [.. Enumerable.Range(15, 3).Select(i => InceptionB(w[i])), ReductionB(w[18]),
            .. Enumerable.Range(19, 3).Select(i => new InceptionC(w[i]))],
    ];

    private static Branches Mixed3A(WeightScope w) => new(
        w, new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1), new InceptionConv(w["conv"], 64, 96, 3, stride: 2));

    private static Branches Mixed4A(WeightScope w) => new(
        w,
        InceptionConv.Chain(w["branch0"], 160, (64, 1), (96, 3)),
        InceptionConv.Chain(w["branch1"], 160, (64, 1), (64, new(1, 7)), (64, new(7, 1)), (96, 3)));

    private static Branches Mixed5A(WeightScope w) => new(
        w, new InceptionConv(w["conv"], 192, 192, 3, stride: 2), new MaxPool2d(w["maxpool"], kernelSize: 3, stride: 2, padding: 1));

    private static Branches InceptionA(WeightScope w) => new(
        w,
        new InceptionConv(w["branch0"], 384, 96, 1),
        InceptionConv.Chain(w["branch1"], 384, (64, 1), (96, 3)),
        InceptionConv.Chain(w["branch2"], 384, (64, 1), (96, 3), (96, 3)),
        InceptionConv.Pooled(w["branch3"], 384, 96));

    private static Branches ReductionA(WeightScope w) => new(
        w,
        new InceptionConv(w["branch0"], 384, 384, 3, stride: 2),
        InceptionConv.ChainDown(w["branch1"], 384, (192, 1), (224, 3), (256, 3)),
        new MaxPool2d(w["branch2"], kernelSize: 3, stride: 2, padding: 1));

    private static Branches InceptionB(WeightScope w) => new(
        w,
        new InceptionConv(w["branch0"], 1024, 384, 1),
        InceptionConv.Chain(w["branch1"], 1024, (192, 1), (224, new(1, 7)), (256, new(7, 1))),
        InceptionConv.Chain(w["branch2"], 1024, (192, 1), (192, new(7, 1)), (224, new(1, 7)), (224, new(7, 1)), (256, new(1, 7))),
        InceptionConv.Pooled(w["branch3"], 1024, 128));

    private static Branches ReductionB(WeightScope w) => new(
        w,
        InceptionConv.ChainDown(w["branch0"], 1024, (192, 1), (192, 3)),
        InceptionConv.ChainDown(w["branch1"], 1024, (256, 1), (256, new(1, 7)), (320, new(7, 1)), (320, 3)),
        new MaxPool2d(w["branch2"], kernelSize: 3, stride: 2, padding: 1));
}

/// <summary>The last blocks of Inception-v4: two of its branches end in a 1x3 and a 3x1 convolution side by side.</summary>
internal sealed class InceptionC(WeightScope w) : Layer(w)
{
    private readonly InceptionConv _branch0 = new(w["branch0"], 1536, 256, 1);
    private readonly InceptionConv _branch10 = new(w["branch1_0"], 1536, 384, 1);
    private readonly InceptionConv _branch11A = new(w["branch1_1a"], 384, 256, new(1, 3));
    private readonly InceptionConv _branch11B = new(w["branch1_1b"], 384, 256, new(3, 1));
    private readonly InceptionConv _branch20 = new(w["branch2_0"], 1536, 384, 1);
    private readonly InceptionConv _branch21 = new(w["branch2_1"], 384, 448, new(3, 1));
    private readonly InceptionConv _branch22 = new(w["branch2_2"], 448, 512, new(1, 3));
    private readonly InceptionConv _branch23A = new(w["branch2_3a"], 512, 256, new(1, 3));
    private readonly InceptionConv _branch23B = new(w["branch2_3b"], 512, 256, new(3, 1));
    private readonly Sequential _branch3 = InceptionConv.Pooled(w["branch3"], 1536, 256);

    protected override Tensor Compute(Tensor x)
    {
        Tensor first = _branch10.Forward(x), second = _branch22.Forward(_branch21.Forward(_branch20.Forward(x)));
        return Tensor.Cat(
            _branch0.Forward(x), _branch11A.Forward(first), _branch11B.Forward(first), _branch23A.Forward(second),
            _branch23B.Forward(second),
            _branch3.Forward(x));
    }
}

/// <summary>Layers that read the same map, their results side by side.</summary>
internal sealed class Branches(WeightScope w, params IReadOnlyList<Layer> branches) : Layer(w)
{
    protected override Tensor Compute(Tensor x)
    {
        Tensor[] results = [.. branches.Select(branch => branch.Forward(x))];
        return Tensor.Cat(results[0], results.AsSpan(1));
    }
}

/// <summary>Convolution that keeps the map's size but for its stride, batch norm, ReLU.</summary>
internal sealed class InceptionConv(WeightScope w, int inChannels, int outChannels, KernelSize kernelSize, int stride = 1) : Sequential(
    w,
    new Conv2d(w["conv"], inChannels, outChannels, kernelSize, stride, kernelSize.Half, bias: false),
    new BatchNorm2d(w["bn"], outChannels, eps: 1e-3f),
    new Activate(w["relu"], Activation.ReLU))
{
    /// <summary>Convolutions one after the other.</summary>
    public static Sequential Chain(WeightScope w, int inChannels, params ReadOnlySpan<(int Channels, KernelSize Kernel)> steps) =>
        Chain(w, inChannels, steps, lastStride: 1);

    /// <summary>Convolutions one after the other, the last of which halves the map.</summary>
    public static Sequential ChainDown(WeightScope w, int inChannels, params ReadOnlySpan<(int Channels, KernelSize Kernel)> steps) =>
        Chain(w, inChannels, steps, lastStride: 2);

    /// <summary>A 3x3 mean that leaves padding out, and a 1x1 convolution.</summary>
    public static Sequential Pooled(WeightScope w, int inChannels, int outChannels) => new(
        w,
        new AvgPool2d(w[0], kernelSize: 3, stride: 1, padding: 1, countIncludePad: false),
        new InceptionConv(w[1], inChannels, outChannels, 1));

    private static Sequential Chain(WeightScope w, int inChannels, ReadOnlySpan<(int Channels, KernelSize Kernel)> steps, int lastStride)
    {
        var layers = new List<Layer>();
        foreach ((int channels, KernelSize kernel) in steps)
        {
            layers.Add(new InceptionConv(w[layers.Count], inChannels, channels, kernel, layers.Count == steps.Length - 1 ? lastStride : 1));
            inChannels = channels;
        }
        return new Sequential(w, layers);
    }
}
