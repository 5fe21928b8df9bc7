using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>DeepLabV3 (Chen et al. 2017, arXiv:1706.05587): ASPP on the last feature map and a 3x3 convolution.</summary>
internal sealed class DeepLabV3Decoder : Decoder
{
    private readonly Sequential _layers;

    public DeepLabV3Decoder(WeightScope w, IReadOnlyList<int> channels, NetworkOptions options) : base(w, Width(options, 256))
    {
        _layers = new(
            w,
            new Aspp(w[0], channels[^1], OutChannels, options.AsppSeparable ?? false, options.AtrousRates),
            new Conv2d(w[1], OutChannels, OutChannels, kernelSize: 3, padding: 1, bias: false),
            new BatchNorm2d(w[2], OutChannels),
            new Activate(w[3], Activation.ReLU));
    }

    protected override Tensor Compute(IReadOnlyList<Tensor> features) => _layers.Forward(features[^1]);
}
