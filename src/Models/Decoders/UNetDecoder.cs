using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// U-Net (Ronneberger et al. 2015, arXiv:1505.04597): upsample, join the skip connection, two convolutions, for each encoder stage.
/// </summary>
internal sealed class UNetDecoder : Decoder
{
    private readonly Layer _center;
    private readonly UNetBlock[] _blocks;

    public UNetDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options, bool hasCenter)
        : base(w, Widths(channels, options)[^1])
    {
        IReadOnlyList<int> widths = Widths(channels, options);
        int[] inChannels = [channels[^1], .. widths.SkipLast(1)];
        int[] skipChannels = [.. channels.Skip(1).SkipLast(1).Reverse(), 0];
        _center = hasCenter ? new UNetCenter(w["center"], channels[^1], options.DecoderNorm) : new Identity(w["center"]);
        _blocks = [.. widths.Select((width, i) => new UNetBlock(w["blocks"][i], inChannels[i], skipChannels[i], width, options))];
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor x = _center.Forward(features[^1]);
        for (int i = 0; i < _blocks.Length - 1; i++) x = _blocks[i].Forward(x, skip: features[^(i + 2)]);
        return _blocks[^1].Forward(x, skip: null);
    }
}

/// <summary>Two 3x3 convolutions on the last feature map; VGG's decoders have them.</summary>
internal sealed class UNetCenter(WeightScope w, int channels, bool norm) : Sequential(
    w, new ConvBnReLU(w[0], channels, channels, norm: norm), new ConvBnReLU(w[1], channels, channels, norm: norm));

/// <summary>Upsampling by 2, concatenation with the skip connection if any, two 3x3 convolutions.</summary>
internal sealed class UNetBlock(WeightScope w, int inChannels, int skipChannels, int outChannels, NetworkOptions options) : Module(w)
{
    private readonly ConvBnReLU _conv1 = new(w["conv1"], inChannels + skipChannels, outChannels, norm: options.DecoderNorm);
    private readonly Attention _attention1 = new(w["attention1"], inChannels + skipChannels, options.DecoderAttention);
    private readonly ConvBnReLU _conv2 = new(w["conv2"], outChannels, outChannels, norm: options.DecoderNorm);
    private readonly Attention _attention2 = new(w["attention2"], outChannels, options.DecoderAttention);

    public Tensor Forward(Tensor x, Tensor? skip) => Traced(x, () =>
    {
        Tensor upsampled = x.Doubled(options);
        Tensor joined = skip is null ? upsampled : _attention1.Forward(Tensor.Cat(upsampled, skip));
        return _attention2.Forward(_conv2.Forward(_conv1.Forward(joined)));
    });
}
