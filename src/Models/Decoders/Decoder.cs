using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>Turns an encoder's feature maps into one map that the segmentation head reads; tapped as <c>decoder</c>.</summary>
internal abstract class Decoder(WeightScope w, int outChannels) : Module(w)
{
    /// <summary>The channels of the result.</summary>
    public int OutChannels { get; } = outChannels;

    /// <summary>Applies the decoder to the encoder's features, the input itself first.</summary>
    public Tensor Forward(IReadOnlyList<Tensor> features) => Traced(features[^1], () => Compute(features));

    /// <summary>What the decoder computes.</summary>
    protected abstract Tensor Compute(IReadOnlyList<Tensor> features);
}
