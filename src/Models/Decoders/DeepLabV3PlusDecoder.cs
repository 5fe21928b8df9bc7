using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// DeepLabV3+ (Chen et al. 2018, arXiv:1802.02611): separable ASPP at output stride 16 or 8, upsampled and refined with the
/// features of stride 4.
/// </summary>
internal sealed class DeepLabV3PlusDecoder : Decoder
{
    private const int HighResWidth = 48, HighResLevel = 2;
    private readonly Sequential _aspp;
    private readonly UpsamplingBilinear2d _up;
    private readonly ConvBnReLU _block1;
    private readonly SeparableBnReLU _block2;

    /// <summary>Builds the decoder for an encoder whose last map is <paramref name="outputStride"/> times smaller than the image.</summary>
    public DeepLabV3PlusDecoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options, int outputStride)
        : base(w, Width(options, 256))
    {
        WeightScope aspp = w["aspp"];
        _aspp = new(
            aspp,
            new Aspp(aspp[0], channels[^1], OutChannels, options.AsppSeparable ?? true, options.AtrousRates),
            new SeparableConv2d(aspp[1], OutChannels, OutChannels),
            new BatchNorm2d(aspp[2], OutChannels),
            new Activate(aspp[3], Activation.ReLU));
        _up = new(w["up"], scaleFactor: outputStride >> HighResLevel);
        _block1 = new(w["block1"], channels[HighResLevel], HighResWidth, kernelSize: 1);
        _block2 = new(w["block2"], HighResWidth + OutChannels, OutChannels);
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor aspp = _up.Forward(_aspp.Forward(features[^1]));
        Tensor highRes = _block1.Forward(features[HighResLevel]);
        return _block2.Forward(Tensor.Cat(aspp, highRes));
    }
}
