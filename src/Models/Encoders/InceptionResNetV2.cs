using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// Inception-ResNet-v2 (Szegedy et al. 2016, arXiv:1602.07261) with the module names of pretrainedmodels 0.7.4; the library pads every 3x3
/// window.
/// </summary>
internal sealed class InceptionResNetV2(WeightScope w, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, 64, 192, 320, 1088, 1536],
    [
        () => [],
        () =>
        [
            new InceptionConv(w["conv2d_1a"], options.InChannels, 32, 3, stride: 2),
            new InceptionConv(w["conv2d_2a"], 32, 32, 3),
            new InceptionConv(w["conv2d_2b"], 32, 64, 3),
        ],
        () => [Pool(w["maxpool_3a"]), new InceptionConv(w["conv2d_3b"], 64, 80, 1), new InceptionConv(w["conv2d_4a"], 80, 192, 3)],
        () => [Pool(w["maxpool_5a"]), Mixed5B(w["mixed_5b"]), .. Enumerable.Range(0, 10).Select(i => Block35(w["repeat"][i]))],
        () => [Mixed6A(w["mixed_6a"]), .. Enumerable.Range(0, 20).Select(i => Block17(w["repeat_1"][i]))],
        () =>
        [
            Mixed7A(w["mixed_7a"]),
            .. Enumerable.Range(0, 9).Select(i => Block8(w["repeat_2"][i], scale: 0.2f, activate: true)),
            Block8(w["block8"], scale: 1, activate: false),
            new InceptionConv(w["conv2d_7b"], 2080, 1536, 1),
        ],
    ])
{
    private static MaxPool2d Pool(WeightScope w) => new(w, kernelSize: 3, stride: 2, padding: 1);

    private static Branches Mixed5B(WeightScope w) => new(
        w,
        new InceptionConv(w["branch0"], 192, 96, 1),
        InceptionConv.Chain(w["branch1"], 192, (48, 1), (64, 5)),
        InceptionConv.Chain(w["branch2"], 192, (64, 1), (96, 3), (96, 3)),
        InceptionConv.Pooled(w["branch3"], 192, 64));

    private static Branches Mixed6A(WeightScope w) => new(
        w,
        new InceptionConv(w["branch0"], 320, 384, 3, stride: 2),
        InceptionConv.ChainDown(w["branch1"], 320, (256, 1), (256, 3), (384, 3)),
        Pool(w["branch2"]));

    private static Branches Mixed7A(WeightScope w) => new(
        w,
        InceptionConv.ChainDown(w["branch0"], 1088, (256, 1), (384, 3)),
        InceptionConv.ChainDown(w["branch1"], 1088, (256, 1), (288, 3)),
        InceptionConv.ChainDown(w["branch2"], 1088, (256, 1), (288, 3), (320, 3)),
        Pool(w["branch3"]));

    private static InceptionResidual Block35(WeightScope w) => new(
        w, 320, 128, scale: 0.17f, activate: true,
        new InceptionConv(w["branch0"], 320, 32, 1),
        InceptionConv.Chain(w["branch1"], 320, (32, 1), (32, 3)),
        InceptionConv.Chain(w["branch2"], 320, (32, 1), (48, 3), (64, 3)));

    private static InceptionResidual Block17(WeightScope w) => new(
        w, 1088, 384, scale: 0.1f, activate: true,
        new InceptionConv(w["branch0"], 1088, 192, 1),
        InceptionConv.Chain(w["branch1"], 1088, (128, 1), (160, new(1, 7)), (192, new(7, 1))));

    private static InceptionResidual Block8(WeightScope w, float scale, bool activate) => new(
        w, 2080, 448, scale, activate,
        new InceptionConv(w["branch0"], 2080, 192, 1),
        InceptionConv.Chain(w["branch1"], 2080, (192, 1), (224, new(1, 3)), (256, new(3, 1))));
}

/// <summary>Branches side by side, projected back, scaled, and added to the input.</summary>
internal sealed class InceptionResidual(
    WeightScope w, int channels, int branchChannels, float scale, bool activate, params IReadOnlyList<Layer> branches) : Layer(w)
{
    private readonly Branches _branches = new(w, branches);
    private readonly Conv2d _conv2d = new(w["conv2d"], branchChannels, channels, kernelSize: 1, scale: scale);
    private readonly Activate? _relu = activate ? new(w["relu"], Activation.ReLU) : null;

    protected override Tensor Compute(Tensor x)
    {
        Tensor sum = _conv2d.Forward(_branches.Forward(x)).Add(x);
        return _relu?.Forward(sum) ?? sum;
    }
}
