using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// EfficientNet (Tan and Le 2019, arXiv:1905.11946) with the module names of timm: padded symmetrically, another epsilon. The lite ones
/// have no squeeze-and-excitation, ReLU6, and neither widen the stem nor repeat the first and last rows.
/// </summary>
internal sealed class TimmEfficientNet : Encoder
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, TimmEfficientNetVariant> Variants = new Dictionary<string, TimmEfficientNetVariant>
    {
        ["timm-efficientnet-b0"] = new(1.0, 1.0),
        ["timm-efficientnet-b1"] = new(1.0, 1.1),
        ["timm-efficientnet-b2"] = new(1.1, 1.2),
        ["timm-efficientnet-b3"] = new(1.2, 1.4),
        ["timm-efficientnet-b4"] = new(1.4, 1.8),
        ["timm-efficientnet-b5"] = new(1.6, 2.2),
        ["timm-efficientnet-b6"] = new(1.8, 2.6),
        ["timm-efficientnet-b7"] = new(2.0, 3.1),
        ["timm-efficientnet-b8"] = new(2.2, 3.6),
        ["timm-efficientnet-l2"] = new(4.3, 5.3),
        ["timm-tf_efficientnet_lite0"] = new(1.0, 1.0, IsLite: true),
        ["timm-tf_efficientnet_lite1"] = new(1.0, 1.1, IsLite: true),
        ["timm-tf_efficientnet_lite2"] = new(1.1, 1.2, IsLite: true),
        ["timm-tf_efficientnet_lite3"] = new(1.2, 1.4, IsLite: true),
        ["timm-tf_efficientnet_lite4"] = new(1.4, 1.8, IsLite: true),
    };

    private const int HeadWidth = 1280;

    // Which rows make the encoder's stages.
    private static readonly int[] Ends = [0, 2, 3, 5, 7];

    public TimmEfficientNet(WeightScope w, TimmEfficientNetVariant variant, EncoderOptions options) : base(
        w, options,
        [options.InChannels, .. Ends.Select(end => end == 0 ? variant.StemWidth : variant.Filters(variant.Row(end - 1).Channels))],
        Stages(w, variant, options.InChannels))
    {
        // The classifier's last convolution is in every checkpoint, though no decoder reads it.
        int head = variant.IsLite ? HeadWidth : variant.Filters(HeadWidth);
        _ = new Conv2d(w["conv_head"], variant.Filters(variant.Row(6).Channels), head, kernelSize: 1, bias: false);
        _ = new BatchNorm2d(w["bn2"], head, variant.Style.Eps);
    }

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, TimmEfficientNetVariant variant, int inChannels)
    {
        MobileStyle style = variant.Style;
        var stages = new List<Func<IReadOnlyList<Layer>>>
        {
            () => [],
            () =>
            [
                new Conv2d(w["conv_stem"], inChannels, variant.StemWidth, kernelSize: 3, stride: 2, style.Padding(3, 2), bias: false),
                new BatchNorm2d(w["bn1"], variant.StemWidth, style.Eps),
                new Activate(w["act1"], style.Activation),
            ],
        };
        for (int i = 1; i < Ends.Length; i++)
        {
            int first = Ends[i - 1], end = Ends[i];
            stages.Add(() => [.. Enumerable.Range(first, end - first).SelectMany(row => Blocks(w["blocks"][row], variant, row))]);
        }
        return [.. stages];
    }

    private static IEnumerable<Layer> Blocks(WeightScope w, TimmEfficientNetVariant variant, int index)
    {
        MobileRow row = variant.Row(index);
        int channels = index == 0 ? variant.StemWidth : variant.Filters(variant.Row(index - 1).Channels),
            width = variant.Filters(row.Channels);
        for (int i = 0; i < row.Repeats; i++)
        {
            yield return new MobileBlock(w[i], row, variant.Style, channels, width, i == 0 ? row.Stride : 1);
            channels = width;
        }
    }
}

/// <summary>How far a variant scales B0 in width and depth.</summary>
internal sealed record TimmEfficientNetVariant(double Width, double Depth, bool IsLite = false)
{
    // B0's rows in the paper's table 1.
    private static readonly MobileRow[] Rows =
    [
        new(3, 1, 1, 16), new(3, 2, 6, 24, 2), new(5, 2, 6, 40, 2), new(3, 2, 6, 80, 3), new(5, 1, 6, 112, 3), new(5, 2, 6, 192, 4),
        new(3, 1, 6, 320),
    ];

    public int StemWidth => IsLite ? 32 : Filters(32);

    public MobileStyle Style => new(
        IsLite ? Activation.ReLU6 : Activation.SiLU, Eps: 1e-5f, PadsAfter: false, SqueezeOfInput: true, Activation.Sigmoid);

    /// <summary>A row with its repeats scaled.</summary>
    public MobileRow Row(int index)
    {
        MobileRow row = Rows[index];
        bool scales = !IsLite || (index > 0 && index < Rows.Length - 1);
        return row with { Repeats = scales ? (int)Math.Ceiling(row.Repeats * Depth) : row.Repeats, Squeezes = !IsLite };
    }

    /// <summary>Channels scaled by the width.</summary>
    public int Filters(int channels) => Divisible.Round(channels * Width);
}
