using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>PSPNet (Zhao et al. 2017, arXiv:1612.01105): pyramid pooling on the features of stride 8.</summary>
internal sealed class PspNetDecoder(WeightScope w, IReadOnlyList<int> channels) : Decoder(w, Width)
{
    private const int Width = 512;
    private readonly PyramidPooling _psp = new(w["psp"], channels[^1]);
    private readonly ConvBnReLU _conv = new(w["conv"], 2 * channels[^1], Width, kernelSize: 1);
    private readonly Identity _dropout = new(w["dropout"]);

    protected override Tensor Compute(IReadOnlyList<Tensor> features) =>
        _dropout.Forward(_conv.Forward(_psp.Forward(features[^1])));
}

/// <summary>Averages over 1, 2 x 2, 3 x 3 and 6 x 6 bins, a quarter of the channels each, beside the map itself.</summary>
internal sealed class PyramidPooling(WeightScope w, int channels) : Layer(w)
{
    private static readonly int[] Bins = [1, 2, 3, 6];
    private readonly PyramidLevel[] _blocks =
        [.. Bins.Select((bins, i) => new PyramidLevel(w["blocks"][i], channels, channels / Bins.Length, bins))];

    protected override Tensor Compute(Tensor x)
    {
        Tensor[] levels = [.. _blocks.Select(block => block.Forward(x)), x];
        return Tensor.Cat(levels[0], levels.AsSpan(1));
    }
}

/// <summary>One level of the pyramid: pooled, projected, and resized to the map with aligned corners.</summary>
internal sealed class PyramidLevel(WeightScope w, int inChannels, int outChannels, int bins) : Layer(w)
{
    private readonly Sequential _pool = new(
        w["pool"],
        new AdaptiveAvgPool2d(w["pool"][0], bins),
        bins == 1
            ? WithoutNorm(w["pool"][1], inChannels, outChannels)
            : new ConvBnReLU(w["pool"][1], inChannels, outChannels, kernelSize: 1));

    protected override Tensor Compute(Tensor x) => _pool.Forward(x).UpsampleBilinear(like: x, alignCorners: true);

    // PyTorch cannot train a batch norm on a single pixel, so this level has a bias instead.
    private static Sequential WithoutNorm(WeightScope w, int inChannels, int outChannels) => new(
        w,
        new Conv2d(w[0], inChannels, outChannels, kernelSize: 1),
        new Identity(w[1]),
        new Activate(w[2], Activation.ReLU));
}
