using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models.Decoders;
using LungSeg.Models.Encoders;

namespace LungSeg.Models;

/// <summary>What a network is made of: how to build its encoder, its decoder for the encoder's channels, and its head.</summary>
internal sealed record Network(
    Func<WeightScope, Encoder> Encoder,
    Func<WeightScope, IReadOnlyList<int>, Decoder> Decoder,
    int HeadKernelSize,
    int HeadUpsampling)
{
    /// <summary>Builds the modules; the result maps a normalised picture to probabilities.</summary>
    public Func<Tensor, Tensor> Build(IWeightSource weights)
    {
        var root = new WeightScope(weights);
        Encoder encoder = Encoder(root["encoder"]);
        Decoder decoder = Decoder(root["decoder"], encoder.OutChannels);
        var head = new SegmentationHead(root["segmentation_head"], decoder.OutChannels, HeadKernelSize, HeadUpsampling);
        return x => head.Forward(decoder.Forward(encoder.Forward(x)));
    }
}
