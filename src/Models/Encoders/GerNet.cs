using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>GENet for GPUs (Lin et al. 2020, arXiv:2006.14090) with the module names of timm.</summary>
internal sealed class GerNet(WeightScope w, GerNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth, variant.Rows[0].Channels, variant.Rows[1].Channels, variant.Rows[2].Channels,
        variant.LastWidth],
    [
        () => [],
        () => [new ConvBnAct(w["stem"], options.InChannels, variant.StemWidth, kernelSize: 3, stride: 2)],
        () => Stage(w, variant, 0, options),
        () => Stage(w, variant, 1, options),
        () => Stage(w, variant, 2, options),
        () =>
        [
            .. Stage(w, variant, 3, options), .. Stage(w, variant, 4, options),
            new ConvBnAct(w["final_conv"], variant.Rows[4].Channels, variant.LastWidth, kernelSize: 1),
        ],
    ])
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, GerNetVariant> Variants = new Dictionary<string, GerNetVariant>
    {
        ["timm-gernet_s"] = new(13, 1920, [new(1, 48, 2, 1), new(3, 48, 2, 1), new(7, 384, 2, 0.25), new(2, 560, 2, 3, true),
            new(1, 256, 1, 3, true)]),
        ["timm-gernet_m"] = new(32, 2560, [new(1, 128, 2, 1), new(2, 192, 2, 1), new(6, 640, 2, 0.25), new(4, 640, 2, 3, true),
            new(1, 640, 1, 3, true)]),
        ["timm-gernet_l"] = new(32, 2560, [new(1, 128, 2, 1), new(2, 192, 2, 1), new(6, 640, 2, 0.25), new(5, 640, 2, 3, true),
            new(4, 640, 1, 3, true)]),
    };

    private static Layer[] Stage(WeightScope w, GerNetVariant variant, int index, EncoderOptions options)
    {
        GerNetRow row = variant.Rows[index];
        int before = index == 0 ? variant.StemWidth : variant.Rows[index - 1].Channels;
        WeightScope stage = w["stages"][index];
        return [.. Enumerable.Range(0, row.Repeats).Select<int, Layer>(i => i == 0
            ? options.First(stage[i], new GerNetBlock(stage[i], row, before, row.Stride))
            : new GerNetBlock(stage[i], row, row.Channels, stride: 1))];
    }
}

/// <summary>A member of the family: channels of the first and last convolutions, and its five stages.</summary>
internal sealed record GerNetVariant(int StemWidth, int LastWidth, IReadOnlyList<GerNetRow> Rows);

/// <summary>Blocks of a stage; a ratio of 1 stands for basic blocks, another one for bottlenecks of that width.</summary>
internal sealed record GerNetRow(int Repeats, int Channels, int Stride, double Ratio, bool Depthwise = false);

/// <summary>Two 3x3 convolutions, or 1x1, 3x3 (depthwise in late stages), 1x1; and a shortcut.</summary>
internal sealed class GerNetBlock : Layer
{
    private readonly ConvBnAct _conv1, _conv2;
    private readonly ConvBnAct? _conv3, _shortcut;
    private readonly Activate _act;

    public GerNetBlock(WeightScope w, GerNetRow row, int inChannels, int stride) : base(w)
    {
        if (stride > 1 || inChannels != row.Channels)
            _shortcut = new(w["shortcut"], inChannels, row.Channels, kernelSize: 1, stride, activate: false);
        if (row.Ratio == 1)
        {
            _conv1 = new(w["conv1_kxk"], inChannels, row.Channels, kernelSize: 3, stride);
            _conv2 = new(w["conv2_kxk"], row.Channels, row.Channels, kernelSize: 3, activate: false);
        }
        else
        {
            int width = Divisible.Round(row.Channels * row.Ratio);
            _conv1 = new(w["conv1_1x1"], inChannels, width, kernelSize: 1);
            _conv2 = new(w["conv2_kxk"], width, width, kernelSize: 3, stride, groups: row.Depthwise ? width : 1);
            _conv3 = new(w["conv3_1x1"], width, row.Channels, kernelSize: 1, activate: false);
        }
        _act = new(w["act"], Activation.ReLU);
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor y = _conv2.Forward(_conv1.Forward(x));
        y = _conv3?.Forward(y) ?? y;
        return _act.Forward(y.Add(_shortcut?.Forward(x) ?? x));
    }
}
