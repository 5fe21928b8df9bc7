using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>
/// DeepLabV3+ (Chen et al. 2018, arXiv:1802.02611): separable ASPP at output stride 16, upsampled and refined with the
/// features of stride 4.
/// </summary>
internal sealed class DeepLabV3PlusDecoder(WeightScope w, IReadOnlyList<int> channels) : Decoder(w, Width)
{
    private const int Width = 256, HighResWidth = 48;
    private readonly Sequential _aspp = new(
        w["aspp"],
        new Aspp(w["aspp"][0], channels[^1], Width, separable: true),
        new SeparableConv2d(w["aspp"][1], Width, Width),
        new BatchNorm2d(w["aspp"][2], Width),
        new Activate(w["aspp"][3], Activation.ReLU));
    private readonly UpsamplingBilinear2d _up = new(w["up"], scaleFactor: 4);
    private readonly ConvBnReLU _block1 = new(w["block1"], channels[^4], HighResWidth, kernelSize: 1);
    private readonly SeparableBnReLU _block2 = new(w["block2"], HighResWidth + Width, Width);

    protected override Tensor Compute(IReadOnlyList<Tensor> features)
    {
        Tensor aspp = _up.Forward(_aspp.Forward(features[^1]));
        Tensor highRes = _block1.Forward(features[^4]);
        return _block2.Forward(Tensor.Cat(aspp, highRes));
    }
}
