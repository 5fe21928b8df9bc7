using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// MA-Net (Fan et al. 2020, doi:10.1109/ACCESS.2020.3025372): position-wise attention, then multi-scale fusion attention.
/// </summary>
internal sealed class MaNetDecoder : Decoder
{
    private readonly Pab _center;
    private readonly Mfab[] _blocks;
    private readonly MaNetBlock _last;

    public MaNetDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : base(w, Widths(channels, options)[^1])
    {
        IReadOnlyList<int> widths = Widths(channels, options);
        int[] inChannels = [channels[^1], .. widths];
        _center = new Pab(w["center"], channels[^1], options.PabChannels);
        _blocks = [.. widths.SkipLast(1).Select((width, i) => new Mfab(w["blocks"][i], inChannels[i], channels[^(i + 2)], width, options))];
        _last = new MaNetBlock(w["blocks"][_blocks.Length], inChannels[_blocks.Length], widths[^1], options);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor x = _center.Forward(features[^1]);
        for (int i = 0; i < _blocks.Length; i++) x = _blocks[i].Forward(x, skip: features[^(i + 2)]);
        return _last.Forward(x);
    }
}

/// <summary>Position-wise attention block: every pixel reads every other.</summary>
internal sealed class Pab(WeightScope w, int channels, int attentionChannels) : Layer(w)
{
    private readonly Conv2d _topConv = new(w["top_conv"], channels, attentionChannels, kernelSize: 1);
    private readonly Conv2d _centerConv = new(w["center_conv"], channels, attentionChannels, kernelSize: 1);
    private readonly Conv2d _bottomConv = new(w["bottom_conv"], channels, channels, kernelSize: 3, padding: 1);
    private readonly Conv2d _outConv = new(w["out_conv"], channels, channels, kernelSize: 3, padding: 1);

    protected override Tensor Compute(Tensor x)
    {
        Tensor top = _topConv.Forward(x), center = _centerConv.Forward(x), bottom = _bottomConv.Forward(x);
        return _outConv.Forward(x.Add(top.Apply(new PositionAttentionOp(), center, bottom)));
    }
}

/// <summary>Multi-scale fusion attention block: high- and low-level gates, summed, weigh the upsampled map.</summary>
internal sealed class Mfab(WeightScope w, int inChannels, int skipChannels, int outChannels, NetworkOptions options) : Module(w)
{
    private readonly Sequential _hlConv = new(
        w["hl_conv"],
        new ConvBnReLU(w["hl_conv"][0], inChannels, inChannels, norm: options.DecoderNorm),
        new ConvBnReLU(w["hl_conv"][1], inChannels, skipChannels, kernelSize: 1, norm: options.DecoderNorm));
    private readonly ChannelGate _lowLevelGate = new(w["SE_ll"], skipChannels);
    private readonly ChannelGate _highLevelGate = new(w["SE_hl"], skipChannels);
    private readonly ConvBnReLU _conv1 = new(w["conv1"], 2 * skipChannels, outChannels, norm: options.DecoderNorm);
    private readonly ConvBnReLU _conv2 = new(w["conv2"], outChannels, outChannels, norm: options.DecoderNorm);

    public Tensor Forward(Tensor x, Tensor skip) => Traced(x, () =>
    {
        Tensor high = _hlConv.Forward(x).Doubled(options);
        Tensor gate = _highLevelGate.Forward(high).Add(_lowLevelGate.Forward(skip));
        return _conv2.Forward(_conv1.Forward(Tensor.Cat(high.Mul(gate), skip)));
    });
}

/// <summary>The gate of a squeeze-and-excitation: one weight per channel, from all channels' means.</summary>
internal sealed class ChannelGate(WeightScope w, int channels) : Sequential(
    w,
    new AdaptiveAvgPool2d(w[0], outputSize: 1),
    new Conv2d(w[1], channels, Squeezed(channels), kernelSize: 1),
    new Activate(w[2], Activation.ReLU),
    new Conv2d(w[3], Squeezed(channels), channels, kernelSize: 1),
    new Activate(w[4], Activation.Sigmoid))
{
    private static int Squeezed(int channels) => Math.Max(channels / 16, 1);
}

/// <summary>The last block, which has no skip connection: upsampling by 2, two 3x3 convolutions.</summary>
internal sealed class MaNetBlock(WeightScope w, int inChannels, int outChannels, NetworkOptions options) : Layer(w)
{
    private readonly ConvBnReLU _conv1 = new(w["conv1"], inChannels, outChannels, norm: options.DecoderNorm);
    private readonly ConvBnReLU _conv2 = new(w["conv2"], outChannels, outChannels, norm: options.DecoderNorm);

    protected override Tensor Compute(Tensor x) => _conv2.Forward(_conv1.Forward(x.Doubled(options)));
}
