using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>PSPNet (Zhao et al. 2017, arXiv:1612.01105): pyramid pooling on the features of stride 8.</summary>
internal sealed class PspNetDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : Decoder(w, options.PspChannels)
{
    private readonly PyramidPooling _psp = new(w["psp"], channels[^1], options.DecoderNorm);
    private readonly ConvBnReLU _conv = new(w["conv"], 2 * channels[^1], options.PspChannels, kernelSize: 1, norm: options.DecoderNorm);
    private readonly Identity _dropout = new(w["dropout"]);

    protected override Tensor Compute(IReadOnlyList<Tensor> features) =>
        _dropout.Forward(_conv.Forward(_psp.Forward(features[^1])));
}

/// <summary>Averages over 1, 2 x 2, 3 x 3 and 6 x 6 bins, a quarter of the channels each, beside the map itself.</summary>
internal sealed class PyramidPooling(WeightScope w, int channels, bool norm) : Layer(w)
{
    private static readonly int[] Bins = [1, 2, 3, 6];
    private readonly PyramidLevel[] _blocks =
        [.. Bins.Select((bins, i) => new PyramidLevel(w["blocks"][i], channels, channels / Bins.Length, bins, norm && bins > 1))];

    protected override Tensor Compute(Tensor x)
    {
        Tensor[] levels = [.. _blocks.Select(block => block.Forward(x)), x];
        return Tensor.Cat(levels[0], levels.AsSpan(1));
    }
}

/// <summary>
/// One level of the pyramid: pooled, projected, and resized to the map with aligned corners. PyTorch cannot train a batch norm on a single
/// pixel, so the level of one bin has none.
/// </summary>
internal sealed class PyramidLevel(WeightScope w, int inChannels, int outChannels, int bins, bool norm) : Layer(w)
{
    private readonly Sequential _pool = new(
        w["pool"],
        new AdaptiveAvgPool2d(w["pool"][0], bins),
        new ConvBnReLU(w["pool"][1], inChannels, outChannels, kernelSize: 1, norm: norm));

    protected override Tensor Compute(Tensor x) => _pool.Forward(x).UpsampleBilinear(like: x, alignCorners: true);
}
