using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// UPerNet (Xiao et al. 2018, arXiv:1807.10221) as the library has it since 0.5: normalised features, pyramid pooling on the last of
/// them, a top-down path, and all levels fused at stride 4.
/// </summary>
internal sealed class UPerNetDecoder : Decoder
{
    // The stage of stride 4, the largest map that the decoder reads.
    private const int FirstLevel = 2;
    private static readonly int[] Bins = [1, 2, 3, 6];

    private readonly ChannelNorm[] _featureNorms;
    private readonly UPerNetPooling _psp;
    private readonly UPerNetLateral[] _laterals;
    private readonly ConvBnReLU[] _convs;
    private readonly ConvBnReLU _fusion;

    public UPerNetDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : base(w, Width(options, 256))
    {
        int[] levels = [.. channels.Skip(FirstLevel)];
        _featureNorms = [.. levels.Select((width, i) => new ChannelNorm(w["feature_norms"][i], width, eps: 1e-6f))];
        _psp = new(w["psp"], levels[^1], OutChannels, Bins, options.DecoderNorm);
        _laterals = [.. levels.SkipLast(1).Reverse().Select((width, i) => new UPerNetLateral(
            w["fpn_lateral_blocks"][i], width, OutChannels, options.DecoderNorm))];
        _convs = [.. _laterals.Select((_, i) =>
            new ConvBnReLU(w["fpn_conv_blocks"][i], OutChannels, OutChannels, norm: options.DecoderNorm))];
        _fusion = new(w["fusion_block"], levels.Length * OutChannels, OutChannels, norm: options.DecoderNorm);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor[] levels = [.. features.Skip(FirstLevel).Select((feature, i) => _featureNorms[i].Forward(feature))];
        var path = new List<Tensor> { _psp.Forward(levels[^1]) };
        for (int i = 0; i < _laterals.Length; i++) path.Add(_laterals[i].Forward(path[i], levels[^(i + 2)]));
        Tensor[] pyramid = [path[0], .. path.Skip(1).Select((level, i) => _convs[i].Forward(level))];
        Tensor largest = pyramid[^1];
        return _fusion.Forward(Tensor.Cat(
            largest, [.. pyramid.SkipLast(1).Reverse().Select(level => level.UpsampleBilinear(like: largest, alignCorners: false))]));
    }
}

/// <summary>The map beside its averages over several numbers of bins, and a 3x3 convolution of all.</summary>
internal sealed class UPerNetPooling(WeightScope w, int inChannels, int outChannels, int[] bins, bool norm) : Layer(w)
{
    private readonly Sequential[] _blocks = [.. bins.Select((count, i) => new Sequential(
        w["blocks"][i],
        new AdaptiveAvgPool2d(w["blocks"][i][0], count),
        new ConvBnReLU(w["blocks"][i][1], inChannels, outChannels, kernelSize: 1, norm: norm)))];
    private readonly ConvBnReLU _outConv = new(w["out_conv"], inChannels + (bins.Length * outChannels), outChannels, norm: norm);

    protected override Tensor Compute(Tensor x) => _outConv.Forward(Tensor.Cat(
        x, [.. _blocks.Select(block => block.Forward(x).UpsampleBilinear(like: x, alignCorners: false))]));
}

/// <summary>A step of the top-down path: the smaller level resized, plus the projected feature map.</summary>
internal sealed class UPerNetLateral(WeightScope w, int skipChannels, int channels, bool norm) : Module(w)
{
    private readonly ConvBnReLU _conv = new(w["conv_norm_relu"], skipChannels, channels, kernelSize: 1, norm: norm);

    public Tensor Forward(Tensor x, Tensor skip) => Traced(x, () =>
    {
        Tensor lateral = _conv.Forward(skip);
        return x.UpsampleBilinear(like: lateral, alignCorners: false).Add(lateral);
    });
}
