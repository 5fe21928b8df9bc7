using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>Linknet (Chaurasia and Culurciello 2017, arXiv:1707.03718): transposed convolutions, skip connections added.</summary>
internal sealed class LinknetDecoder : Decoder
{
    private const int LastWidth = 32;
    private readonly LinknetBlock[] _blocks;

    public LinknetDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : base(w, LastWidth)
    {
        int[] widths = [.. channels.Skip(1).Reverse(), LastWidth];
        _blocks = [.. Enumerable.Range(0, widths.Length - 1).Select(i => new LinknetBlock(
            w["blocks"][i], widths[i], widths[i + 1], options.DecoderNorm))];
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor x = features[^1];
        for (int i = 0; i < _blocks.Length - 1; i++) x = _blocks[i].Forward(x, skip: features[^(i + 2)]);
        return _blocks[^1].Forward(x, skip: null);
    }
}

/// <summary>Reduce to a quarter of the channels, upsample by 2 with a transposed convolution, expand, add the skip connection.</summary>
internal sealed class LinknetBlock(WeightScope w, int inChannels, int outChannels, bool norm) : Module(w)
{
    private readonly Sequential _block = new(
        w["block"],
        new ConvBnReLU(w["block"][0], inChannels, inChannels / 4, kernelSize: 1, norm: norm),
        new TransposeX2(w["block"][1], inChannels / 4, norm),
        new ConvBnReLU(w["block"][2], inChannels / 4, outChannels, kernelSize: 1, norm: norm));

    public Tensor Forward(Tensor x, Tensor? skip) => Traced(x, () =>
    {
        Tensor result = _block.Forward(x);
        return skip is null ? result : result.Add(skip);
    });
}

/// <summary>Transposed 4x4 convolution of stride 2, batch norm if any, ReLU.</summary>
internal sealed class TransposeX2(WeightScope w, int channels, bool norm) : Sequential(
    w,
    new ConvTranspose2d(w[0], channels, channels, kernelSize: 4, stride: 2, padding: 1),
    norm ? new BatchNorm2d(w[1], channels) : new Identity(w[1]),
    new Activate(w[2], Activation.ReLU));
