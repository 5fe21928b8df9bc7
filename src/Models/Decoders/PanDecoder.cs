using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>PAN (Li et al. 2018, arXiv:1805.10180): feature pyramid attention on top, global attention on the way down.</summary>
internal sealed class PanDecoder : Decoder
{
    // The stage of stride 4, the largest map that the decoder reads.
    private const int FirstLevel = 2;

    private readonly Fpa _fpa;
    // From the smallest map to the largest.
    private readonly Gau[] _gaus;

    public PanDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : base(w, Width(options, 32))
    {
        _fpa = new(w["fpa"], channels[^1], OutChannels);
        _gaus =
        [
            .. Enumerable.Range(FirstLevel, channels.Count - 1 - FirstLevel).Reverse()
                .Select(level => new Gau(w[$"gau{level - 1}"], channels[level], OutChannels, options.BilinearDecoder ?? true)),
        ];
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor x = _fpa.Forward(features[^1]);
        for (int i = 0; i < _gaus.Length; i++) x = _gaus[i].Forward(features[^(i + 2)], x);
        return x;
    }
}

/// <summary>
/// Feature pyramid attention: a one-channel pyramid of three poolings weighs the map. Corners are aligned in every resize.
/// </summary>
internal sealed class Fpa(WeightScope w, int inChannels, int outChannels) : Layer(w)
{
    private readonly Sequential _branch1 = new(
        w["branch1"],
        new AdaptiveAvgPool2d(w["branch1"][0], outputSize: 1),
        new PanConv(w["branch1"][1], inChannels, outChannels, kernelSize: 1));
    private readonly Sequential _mid = new(w["mid"], new PanConv(w["mid"][0], inChannels, outChannels, kernelSize: 1));
    private readonly Sequential _down1 = new(
        w["down1"],
        new MaxPool2d(w["down1"][0], kernelSize: 2, stride: 2),
        new PanConv(w["down1"][1], inChannels, 1, kernelSize: 7));
    private readonly Sequential _down2 = new(
        w["down2"],
        new MaxPool2d(w["down2"][0], kernelSize: 2, stride: 2),
        new PanConv(w["down2"][1], 1, 1, kernelSize: 5));
    private readonly Sequential _down3 = new(
        w["down3"],
        new MaxPool2d(w["down3"][0], kernelSize: 2, stride: 2),
        new PanConv(w["down3"][1], 1, 1, kernelSize: 3),
        new PanConv(w["down3"][2], 1, 1, kernelSize: 3));
    private readonly PanConv _conv2 = new(w["conv2"], 1, 1, kernelSize: 5);
    private readonly PanConv _conv1 = new(w["conv1"], 1, 1, kernelSize: 7);

    protected override Tensor Compute(Tensor x)
    {
        Tensor global = _branch1.Forward(x).UpsampleBilinear(like: x, alignCorners: true);
        Tensor mid = _mid.Forward(x);
        Tensor x1 = _down1.Forward(x);
        Tensor x2 = _down2.Forward(x1);
        Tensor x3 = _down3.Forward(x2);
        Tensor half = _conv2.Forward(x2).Add(x3.UpsampleBilinear(like: x2, alignCorners: true));
        Tensor full = half.UpsampleBilinear(like: x1, alignCorners: true).Add(_conv1.Forward(x1));
        return full.UpsampleBilinear(like: x, alignCorners: true).Mul(mid).Add(global);
    }
}

/// <summary>Global attention upsample: the low-level map, weighed by the high-level map's channel means, is added to it.</summary>
internal sealed class Gau(WeightScope w, int lowChannels, int channels, bool bilinear) : Module(w)
{
    private readonly Sequential _conv1 = new(
        w["conv1"],
        new AdaptiveAvgPool2d(w["conv1"][0], outputSize: 1),
        new PanConv(w["conv1"][1], channels, channels, kernelSize: 1, activate: false),
        new Activate(w["conv1"][2], Activation.Sigmoid));
    private readonly PanConv _conv2 = new(w["conv2"], lowChannels, channels, kernelSize: 3);

    public Tensor Forward(Tensor low, Tensor high) => Traced(low, () =>
    {
        Tensor upsampled = bilinear ? high.UpsampleBilinear(like: low, alignCorners: true)
            : high.Shape.H == low.Shape.H ? high : high.UpsampleNearest(scale: low.Shape.H / high.Shape.H);
        Tensor weighed = _conv2.Forward(low).Mul(_conv1.Forward(high));
        return upsampled.Add(weighed);
    });
}

/// <summary>Convolution with a bias, batch norm, ReLU, by the names that PAN gives them.</summary>
internal sealed class PanConv(WeightScope w, int inChannels, int outChannels, int kernelSize, bool activate = true) : Layer(w)
{
    private readonly Conv2d _conv = new(w["conv"], inChannels, outChannels, kernelSize, padding: kernelSize / 2);
    private readonly BatchNorm2d _bn = new(w["bn"], outChannels);
    private readonly Activate? _activation = activate ? new(w["activation"], Activation.ReLU) : null;

    protected override Tensor Compute(Tensor x)
    {
        Tensor normed = _bn.Forward(_conv.Forward(x));
        return _activation?.Forward(normed) ?? normed;
    }
}
