using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>U-Net (Ronneberger et al. 2015, arXiv:1505.04597): five times upsample, join the skip connection, two convolutions.</summary>
internal sealed class UNetDecoder : Decoder
{
    private static readonly int[] Widths = [256, 128, 64, 32, 16];
    private readonly Identity _center;
    private readonly UNetBlock[] _blocks;

    public UNetDecoder(WeightScope w, IReadOnlyList<int> channels) : base(w, Widths[^1])
    {
        int[] inChannels = [channels[^1], .. Widths[..^1]];
        int[] skipChannels = [channels[^2], channels[^3], channels[^4], channels[^5], 0];
        _center = new Identity(w["center"]);
        _blocks = [.. Widths.Select((width, i) => new UNetBlock(w["blocks"][i], inChannels[i], skipChannels[i], width))];
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor x = _center.Forward(features[^1]);
        for (int i = 0; i < _blocks.Length - 1; i++) x = _blocks[i].Forward(x, skip: features[^(i + 2)]);
        return _blocks[^1].Forward(x, skip: null);
    }
}

/// <summary>Nearest upsampling by 2, concatenation with the skip connection if any, two 3x3 convolutions.</summary>
internal sealed class UNetBlock(WeightScope w, int inChannels, int skipChannels, int outChannels) : Module(w)
{
    private readonly ConvBnReLU _conv1 = new(w["conv1"], inChannels + skipChannels, outChannels);
    private readonly NoAttention _attention1 = new(w["attention1"]);
    private readonly ConvBnReLU _conv2 = new(w["conv2"], outChannels, outChannels);
    private readonly NoAttention _attention2 = new(w["attention2"]);

    public Tensor Forward(Tensor x, Tensor? skip) => Traced(x, () =>
    {
        Tensor upsampled = x.UpsampleNearest(scale: 2);
        Tensor joined = skip is null ? upsampled : _attention1.Forward(Tensor.Cat(upsampled, skip));
        return _attention2.Forward(_conv2.Forward(_conv1.Forward(joined)));
    });
}

/// <summary>The place where the reference can put an attention; the study uses none.</summary>
internal sealed class NoAttention(WeightScope w) : Sequential(w, new Identity(w["attention"]));
