using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// FPN (Lin et al. 2017, arXiv:1612.03144; Kirillov et al. 2019, arXiv:1901.02446): a top-down path, and each of its levels
/// brought to stride 4 and summed.
/// </summary>
internal sealed class FpnDecoder : Decoder
{
    private readonly Conv2d _p5;
    private readonly FpnBlock _p4, _p3, _p2;
    private readonly SegmentationBlock[] _segBlocks;
    private readonly Merge _merge;
    private readonly Identity _dropout;

    public FpnDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options)
        : base(w, options.SegmentationChannels * (options.MergeByConcatenation ? 4 : 1))
    {
        int width = options.PyramidChannels;
        _p5 = new(w["p5"], channels[^1], width, kernelSize: 1);
        _p4 = new(w["p4"], channels[^2], width, options);
        _p3 = new(w["p3"], channels[^3], width, options);
        _p2 = new(w["p2"], channels[^4], width, options);
        _segBlocks =
        [
            .. Enumerable.Range(0, 4).Select(
                i => new SegmentationBlock(w["seg_blocks"][i], width, options.SegmentationChannels, upsamples: 3 - i)),
        ];
        _merge = new(w["merge"], options.MergeByConcatenation);
        _dropout = new(w["dropout"]);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor p5 = _p5.Forward(features[^1]);
        Tensor p4 = _p4.Forward(p5, features[^2]);
        Tensor p3 = _p3.Forward(p4, features[^3]);
        Tensor p2 = _p2.Forward(p3, features[^4]);
        Tensor[] pyramid = [p5, p4, p3, p2];
        return _dropout.Forward(_merge.Forward([.. pyramid.Select((p, i) => _segBlocks[i].Forward(p))]));
    }
}

/// <summary>One step of the top-down path: upsampling by 2 plus the projected feature map.</summary>
internal sealed class FpnBlock(WeightScope w, int skipChannels, int channels, NetworkOptions options) : Module(w)
{
    private readonly Conv2d _skipConv = new(w["skip_conv"], skipChannels, channels, kernelSize: 1);

    public Tensor Forward(Tensor x, Tensor skip) => Traced(x, () => x.Doubled(options).Add(_skipConv.Forward(skip)));
}

/// <summary>Brings a level of the pyramid to stride 4: a convolution, and another for each upsampling after the first.</summary>
internal sealed class SegmentationBlock(WeightScope w, int inChannels, int outChannels, int upsamples) : Layer(w)
{
    private readonly Sequential _block = new(w["block"], [.. Enumerable.Range(0, Math.Max(upsamples, 1)).Select(i =>
        new ConvGnReLU(w["block"][i], i == 0 ? inChannels : outChannels, outChannels, upsample: upsamples > 0))]);

    protected override Tensor Compute(Tensor x) => _block.Forward(x);
}

/// <summary>3x3 convolution, group norm, ReLU, and bilinear upsampling by 2 with aligned corners if asked.</summary>
internal sealed class ConvGnReLU(WeightScope w, int inChannels, int outChannels, bool upsample) : Layer(w)
{
    private const int Groups = 32;
    private readonly Sequential _block = new(
        w["block"],
        new Conv2d(w["block"][0], inChannels, outChannels, kernelSize: 3, padding: 1, bias: false),
        new GroupNorm(w["block"][1], Groups, outChannels),
        new Activate(w["block"][2], Activation.ReLU));

    protected override Tensor Compute(Tensor x)
    {
        Tensor result = _block.Forward(x);
        return upsample ? result.UpsampleBilinear(scale: 2, alignCorners: true) : result;
    }
}

/// <summary>The pyramid's levels, the smallest first: summed, or side by side.</summary>
internal sealed class Merge(WeightScope w, bool concatenate) : Module(w)
{
    public Tensor Forward(Tensor[] levels) => Traced(levels[0], () =>
        concatenate ? Tensor.Cat(levels[0], levels.AsSpan(1)) : levels.Aggregate((sum, level) => sum.Add(level)));
}
