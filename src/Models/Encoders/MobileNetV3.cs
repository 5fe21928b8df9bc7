using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// MobileNetV3 (Howard et al. 2019, arXiv:1905.02244) with the module names of timm. The library's encoders are the TensorFlow ones; timm's
/// own pad symmetrically and have another epsilon.
/// </summary>
internal sealed class MobileNetV3(WeightScope w, MobileNetV3Variant variant, EncoderOptions options) : Encoder(
    w, options, variant.OutChannels(options.InChannels), Stages(w["model"], variant, options))
{
    private const Activation ReLU = Activation.ReLU;

    private static readonly MobileRow[] Large =
    [
        new(3, 1, 1, 16, Activation: ReLU),
        new(3, 2, 4, 24, Activation: ReLU), new(3, 1, 3, 24, Activation: ReLU),
        new(5, 2, 3, 40, Repeats: 3, Squeezes: true, ReLU),
        new(3, 2, 6, 80), new(3, 1, 2.5, 80), new(3, 1, 2.3, 80, Repeats: 2),
        new(3, 1, 6, 112, Repeats: 2, Squeezes: true),
        new(5, 2, 6, 160, Repeats: 3, Squeezes: true),
    ];

    private static readonly MobileRow[] Small =
    [
        new(3, 2, 1, 16, Squeezes: true, Activation: ReLU),
        new(3, 2, 4.5, 24, Activation: ReLU), new(3, 1, 3.67, 24, Activation: ReLU),
        new(5, 2, 4, 40, Squeezes: true), new(5, 1, 6, 40, Repeats: 2, Squeezes: true),
        new(5, 1, 3, 48, Repeats: 2, Squeezes: true),
        new(5, 2, 6, 96, Repeats: 3, Squeezes: true),
    ];

    // How many rows make a stage of timm, and how many of those the stages of the encoder.
    private static readonly int[] LargeGroups = [1, 2, 1, 3, 1, 1], SmallGroups = [1, 2, 2, 1, 1];
    private static readonly int[] LargeEnds = [1, 2, 3, 5, 7], SmallEnds = [0, 1, 2, 4, 6];

    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, MobileNetV3Variant> Variants = new Dictionary<string, MobileNetV3Variant>
    {
        ["timm-mobilenetv3_large_075"] = new(Large, LargeGroups, LargeEnds, 960, Width: 0.75),
        ["timm-mobilenetv3_large_100"] = new(Large, LargeGroups, LargeEnds, 960),
        ["timm-mobilenetv3_large_minimal_100"] = new(Minimal(Large), LargeGroups, LargeEnds, 960, IsMinimal: true),
        ["timm-mobilenetv3_small_075"] = new(Small, SmallGroups, SmallEnds, 576, Width: 0.75),
        ["timm-mobilenetv3_small_100"] = new(Small, SmallGroups, SmallEnds, 576),
        ["timm-mobilenetv3_small_minimal_100"] = new(Minimal(Small), SmallGroups, SmallEnds, 576, IsMinimal: true),
    };

    private static MobileRow[] Minimal(MobileRow[] rows) => [.. rows.Select(row => row with { KernelSize = 3, Squeezes = false })];

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, MobileNetV3Variant variant, EncoderOptions options)
    {
        MobileStyle style = variant.Style;
        Layer[] Stem() =>
        [
            new Conv2d(w["conv_stem"], options.InChannels, variant.StemWidth, kernelSize: 3, stride: 2, style.Padding(3, 2), bias: false),
            new BatchNorm2d(w["bn1"], variant.StemWidth, style.Eps),
            new Activate(w["act1"], style.Activation),
        ];
        Layer[] Last(int index) =>
        [
            new Conv2d(w["blocks"][index][0]["conv"], variant.Filters(variant.Rows[^1].Channels), variant.LastWidth, kernelSize: 1,
                bias: false),
            new BatchNorm2d(w["blocks"][index][0]["bn1"], variant.LastWidth, style.Eps),
            new Activate(w["blocks"][index][0]["act1"], style.Activation),
        ];
        Layer[] Group(int index) => index == variant.Groups.Count ? Last(index) : [.. variant.Blocks(w["blocks"][index], index, options)];
        var stages = new List<Func<IReadOnlyList<Layer>>> { () => [] };
        for (int i = 0; i < variant.Ends.Count; i++)
        {
            int first = i == 0 ? 0 : variant.Ends[i - 1], end = variant.Ends[i];
            bool starts = i == 0;
            stages.Add(() => [.. starts ? Stem() : [], .. Enumerable.Range(first, end - first).SelectMany(Group)]);
        }
        return [.. stages];
    }
}

/// <summary>
/// A member of the MobileNetV3 family: its rows, how many of them make each of timm's stages, where the encoder's stages end among those,
/// and channels of the last convolution.
/// </summary>
internal sealed record MobileNetV3Variant(
    IReadOnlyList<MobileRow> Rows, IReadOnlyList<int> Groups, IReadOnlyList<int> Ends, int LastChannels, double Width = 1,
    bool IsMinimal = false,
    bool IsTensorFlow = true)
{
    public int StemWidth => Filters(16);

    public int LastWidth => Filters(LastChannels);

    public MobileStyle Style => new(
        IsMinimal ? Activation.ReLU : Activation.HardSwish, IsTensorFlow ? 1e-3f : 1e-5f, PadsAfter: IsTensorFlow, SqueezeOfInput: false,
        Activation.HardSigmoid);

    public int Filters(int channels) => Divisible.Round(channels * Width);

    public IReadOnlyList<int> OutChannels(int inChannels) =>
        [inChannels, .. Ends.Select(end => end == 0 ? StemWidth : end > Groups.Count ? LastWidth
            : Filters(Rows[Groups.Take(end).Sum() - 1].Channels))];

    /// <summary>The blocks of one of timm's stages.</summary>
    public IEnumerable<Layer> Blocks(WeightScope w, int group, EncoderOptions options)
    {
        int first = Groups.Take(group).Sum(), index = 0, channels = first == 0 ? StemWidth : Filters(Rows[first - 1].Channels);
        foreach (MobileRow row in Rows.Skip(first).Take(Groups[group]))
        {
            for (int i = 0; i < row.Repeats; i++, index++)
            {
                var block = new MobileBlock(w[index], row, Style, channels, Filters(row.Channels), i == 0 ? row.Stride : 1);
                yield return i == 0 && row.Stride > 1 ? options.First(w[index], block) : block;
                channels = Filters(row.Channels);
            }
        }
    }
}
