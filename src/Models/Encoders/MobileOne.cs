using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// MobileOne (Vasu et al. 2022, arXiv:2206.04040) in its trained form: branches that are summed, not yet one convolution.
/// </summary>
internal sealed class MobileOne(WeightScope w, MobileOneVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth, .. Enumerable.Range(0, 4).Select(variant.Filters)],
    [
        () => [],
        () => [new MobileOneBlock(w["stage0"], options.InChannels, variant.StemWidth, 3, 2, groups: 1, branches: 1)],
        .. Enumerable.Range(0, 4).Select(i => (Func<IReadOnlyList<Layer>>)(() => Stage(w[$"stage{i + 1}"], variant, i))),
    ])
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, MobileOneVariant> Variants = new Dictionary<string, MobileOneVariant>
    {
        ["mobileone_s0"] = new([0.75, 1.0, 1.0, 2.0], Branches: 4),
        ["mobileone_s1"] = new([1.5, 1.5, 2.0, 2.5]),
        ["mobileone_s2"] = new([1.5, 2.0, 2.5, 4.0]),
        ["mobileone_s3"] = new([2.0, 2.5, 3.0, 4.0]),
        ["mobileone_s4"] = new([3.0, 3.5, 3.5, 4.0], Squeezes: true),
    };

    internal static readonly int[] Depths = [2, 8, 10, 1], Widths = [64, 128, 256, 512];

    private static MobileOneBlock[] Stage(WeightScope w, MobileOneVariant variant, int index)
    {
        int before = index == 0 ? variant.StemWidth : variant.Filters(index - 1), channels = variant.Filters(index), depth = Depths[index];
        int squeezed = !variant.Squeezes || index < 2 ? 0 : index == 2 ? depth / 2 : depth;
        return [.. Enumerable.Range(0, depth).SelectMany(i =>
        {
            int inChannels = i == 0 ? before : channels;
            bool squeezes = i >= depth - squeezed;
            return new MobileOneBlock[]
            {
                new(w[2 * i], inChannels, inChannels, 3, i == 0 ? 2 : 1, inChannels, variant.Branches, squeezes),
                new(w[(2 * i) + 1], inChannels, channels, 1, 1, groups: 1, variant.Branches, squeezes),
            };
        })];
    }
}

/// <summary>A member of the family: how far it scales each stage's width, branches of a block, and whether late stages squeeze.</summary>
internal sealed record MobileOneVariant(IReadOnlyList<double> Scales, int Branches = 1, bool Squeezes = false)
{
    public int StemWidth => Math.Min(64, (int)(64 * Scales[0]));

    public int Filters(int stage) => (int)(MobileOne.Widths[stage] * Scales[stage]);
}

/// <summary>The sum of convolutions, of a 1x1 one beside larger kernels, and of the normalised input where the shape stays.</summary>
internal sealed class MobileOneBlock : Layer
{
    private readonly BatchNorm2d? _skip;
    private readonly MobileOneConv[] _convs;
    private readonly MobileOneConv? _scale;
    private readonly MobileOneSqueezeExcite? _se;
    private readonly Activate _activation;

    public MobileOneBlock(
        WeightScope w, int inChannels, int outChannels, int kernelSize, int stride, int groups, int branches, bool squeezes = false)
            : base(w)
    {
        if (squeezes) _se = new(w["se"], outChannels);
        _activation = new(w["activation"], Activation.ReLU);
        if (inChannels == outChannels && stride == 1) _skip = new(w["rbr_skip"], inChannels);
        _convs = [.. Enumerable.Range(0, branches).Select(i => new MobileOneConv(
            w["rbr_conv"][i], inChannels, outChannels, kernelSize, stride, kernelSize / 2, groups))];
        if (kernelSize > 1) _scale = new(w["rbr_scale"], inChannels, outChannels, 1, stride, 0, groups);
    }

    protected override Tensor Compute(Tensor x)
    {
        List<Tensor> terms = [.. _convs.Select(conv => conv.Forward(x))];
        if (_scale is not null) terms.Add(_scale.Forward(x));
        if (_skip is not null) terms.Add(_skip.Forward(x));
        Tensor sum = terms.Aggregate((a, b) => a.Add(b));
        return _activation.Forward(_se?.Forward(sum) ?? sum);
    }
}

/// <summary>Convolution, batch norm.</summary>
internal sealed class MobileOneConv(WeightScope w, int inChannels, int outChannels, int kernelSize, int stride, int padding,
    int groups) : Sequential(
    w,
    new Conv2d(w["conv"], inChannels, outChannels, kernelSize, stride, padding, groups: groups, bias: false),
    new BatchNorm2d(w["bn"], outChannels));

/// <summary>Squeeze-and-excitation to a sixteenth of the channels.</summary>
internal sealed class MobileOneSqueezeExcite(WeightScope w, int channels) : Layer(w)
{
    private readonly Conv2d _reduce = new(w["reduce"], channels, channels / 16, kernelSize: 1);
    private readonly Conv2d _expand = new(w["expand"], channels / 16, channels, kernelSize: 1);

    protected override Tensor Compute(Tensor x) => x.Mul(_expand.Forward(_reduce.Forward(x.AdaptiveAvgPool2d(1)).ReLU()).Sigmoid());
}
