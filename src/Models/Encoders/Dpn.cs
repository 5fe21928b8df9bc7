using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// Dual path networks (Chen et al. 2017, arXiv:1707.01629) with the module names of pretrainedmodels 0.7.4. A block's result is one tensor:
/// the residual path's channels first, then the dense path's.
/// </summary>
internal sealed class Dpn(WeightScope w, DpnVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth, .. Enumerable.Range(0, 4).Select(variant.OutChannels)],
    Stages(w["features"], variant, options.InChannels))
{
    internal const float Eps = 1e-3f;

    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, DpnVariant> Variants = new Dictionary<string, DpnVariant>
    {
        ["dpn68"] = new(10, 128, 32, [3, 4, 12, 3], [16, 32, 32, 64], IsSmall: true),
        ["dpn68b"] = new(10, 128, 32, [3, 4, 12, 3], [16, 32, 32, 64], IsSmall: true, SplitsLast: true),
        ["dpn92"] = new(64, 96, 32, [3, 4, 20, 3], [16, 32, 24, 128]),
        ["dpn98"] = new(96, 160, 40, [3, 6, 20, 3], [16, 32, 32, 128]),
        ["dpn107"] = new(128, 200, 50, [4, 8, 20, 3], [20, 64, 64, 128]),
        ["dpn131"] = new(128, 160, 40, [4, 8, 28, 3], [16, 32, 32, 128]),
    };

    // The first stage and the last one end in an activation, the others in the two paths.
    protected override Tensor Feature(int level, Tensor stage) => level is 2 or 3 or 4 ? stage.ReLU() : stage;

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, DpnVariant variant, int inChannels) =>
    [
        () => [],
        () =>
        [
            new Conv2d(
                w["conv1_1"]["conv"], inChannels, variant.StemWidth, variant.IsSmall ? 3 : 7, stride: 2, padding: variant.IsSmall ? 1 : 3,
                bias: false),
            new BatchNorm2d(w["conv1_1"]["bn"], variant.StemWidth, Eps),
            new Activate(w["conv1_1"]["act"], Activation.ReLU),
        ],
        () => [new MaxPool2d(w["conv1_1"]["pool"], kernelSize: 3, stride: 2, padding: 1), .. Blocks(w, variant, 0)],
        () => Blocks(w, variant, 1),
        () => Blocks(w, variant, 2),
        () => [.. Blocks(w, variant, 3), new BnReLU(w["conv5_bn_ac"], variant.OutChannels(3))],
    ];

    private static DualPathBlock[] Blocks(WeightScope w, DpnVariant variant, int index)
    {
        int inChannels = index == 0 ? variant.StemWidth : variant.OutChannels(index - 1);
        return [.. Enumerable.Range(0, variant.Depths[index]).Select(block => new DualPathBlock(
            w[$"conv{index + 2}_{block + 1}"], variant, index, block, block == 0 ? inChannels : variant.Channels(index, block)))];
    }
}

/// <summary>
/// A member of the family: channels of the first convolution, width and groups of the 3x3 ones at the first stage, blocks of each stage,
/// channels that a block adds to the dense path.
/// </summary>
internal sealed record DpnVariant(
    int StemWidth, int SpatialWidth, int Groups, IReadOnlyList<int> Depths, IReadOnlyList<int> Growths, bool IsSmall = false,
    bool SplitsLast = false)
{
    /// <summary>Channels of the residual path.</summary>
    public int Residual(int stage) => (IsSmall ? 64 : 256) << stage;

    /// <summary>Channels of the 3x3 convolution.</summary>
    public int Spatial(int stage) => SpatialWidth << stage;

    /// <summary>Channels of both paths after some blocks; the first one adds three times what the others do.</summary>
    public int Channels(int stage, int blocks) => Residual(stage) + ((blocks + 2) * Growths[stage]);

    /// <summary>Channels of both paths at the end of a stage.</summary>
    public int OutChannels(int stage) => Channels(stage, Depths[stage]);
}

/// <summary>
/// 1x1, grouped 3x3, 1x1; the result's first channels are added to the residual path, the others put beside the dense one. The first block
/// of a stage makes both paths from its input.
/// </summary>
internal sealed class DualPathBlock : Layer
{
    private readonly int _residual, _growth;
    private readonly BnReLUConv? _projection;
    private readonly BnReLUConv _reduce, _spatial;
    private readonly BnReLUConv? _expand;
    private readonly BnReLU? _last;
    private readonly Conv2d? _expandResidual, _expandDense;

    public DualPathBlock(WeightScope w, DpnVariant variant, int stage, int block, int inChannels) : base(w)
    {
        int stride = block == 0 && stage > 0 ? 2 : 1, width = variant.Spatial(stage);
        (_residual, _growth) = (variant.Residual(stage), variant.Growths[stage]);
        if (block == 0) _projection = new(w[$"c1x1_w_s{stride}"], inChannels, _residual + (2 * _growth), kernelSize: 1, stride);
        _reduce = new(w["c1x1_a"], inChannels, width, kernelSize: 1);
        _spatial = new(w["c3x3_b"], width, width, kernelSize: 3, stride, variant.Groups);
        if (variant.SplitsLast)
        {
            _last = new(w["c1x1_c"], width);
            _expandResidual = new(w["c1x1_c1"], width, _residual, kernelSize: 1, bias: false);
            _expandDense = new(w["c1x1_c2"], width, _growth, kernelSize: 1, bias: false);
        }
        else
        {
            _expand = new(w["c1x1_c"], width, _residual + _growth, kernelSize: 1);
        }
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor paths = _projection?.Forward(x) ?? x;
        Tensor spatial = _spatial.Forward(_reduce.Forward(x));
        Tensor residual, dense;
        if (_expand is null)
        {
            Tensor last = _last!.Forward(spatial);
            (residual, dense) = (_expandResidual!.Forward(last), _expandDense!.Forward(last));
        }
        else
        {
            Tensor both = _expand.Forward(spatial);
            (residual, dense) = (both.Slice(0, _residual), both.Slice(_residual, _growth));
        }
        return Tensor.Cat(paths.Slice(0, _residual).Add(residual), paths.Slice(_residual, paths.Shape.C - _residual), dense);
    }
}

/// <summary>Batch norm, ReLU.</summary>
internal sealed class BnReLU(WeightScope w, int channels) : Sequential(
    w, new BatchNorm2d(w["bn"], channels, Dpn.Eps), new Activate(w["act"], Activation.ReLU));

/// <summary>Batch norm, ReLU, convolution.</summary>
internal sealed class BnReLUConv(WeightScope w, int inChannels, int outChannels, int kernelSize, int stride = 1,
    int groups = 1) : Sequential(
    w,
    new BatchNorm2d(w["bn"], inChannels, Dpn.Eps),
    new Activate(w["act"], Activation.ReLU),
    new Conv2d(w["conv"], inChannels, outChannels, kernelSize, stride, padding: kernelSize / 2, groups: groups, bias: false));
