using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Decoders;

/// <summary>Turns an encoder's feature maps into one map that the segmentation head reads; tapped as <c>decoder</c>.</summary>
internal abstract class Decoder(WeightScope w, int outChannels) : Module(w)
{
    /// <summary>The channels of the result.</summary>
    public int OutChannels { get; } = outChannels;

    private static readonly int[] DefaultWidths = [256, 128, 64, 32, 16];

    /// <summary>The channels of each block of a decoder with one block for each encoder stage.</summary>
    protected static IReadOnlyList<int> Widths(IReadOnlyList<int> channels, NetworkOptions options)
    {
        IReadOnlyList<int> widths = options.DecoderChannels ?? DefaultWidths;
        int stages = channels.Count - 1;
        return widths.Count == stages ? widths : throw new ArgumentException(
            $"decoder_channels: expected {stages} numbers, one for each encoder stage, found {widths.Count}");
    }

    /// <summary>The channels of a decoder that has one width.</summary>
    protected static int Width(NetworkOptions options, int byDefault) => options.DecoderChannels switch
    {
        null => byDefault,
        [int width] => width,
        IReadOnlyList<int> widths => throw new ArgumentException($"decoder_channels: expected one number, found {widths.Count}"),
    };

    /// <summary>Applies the decoder to the encoder's features, the input itself first.</summary>
    public Tensor Forward(IReadOnlyList<Tensor> features) => Traced(features[^1], () => Compute(features));

    /// <summary>What the decoder computes.</summary>
    protected abstract Tensor Compute(IReadOnlyList<Tensor> features);
}

/// <summary>What the blocks of several decoders share.</summary>
internal static class Doubling
{
    /// <summary>A map upsampled by 2: by repetition, or bilinearly where the options say so.</summary>
    public static Tensor Doubled(this Tensor x, NetworkOptions options) =>
        options.BilinearDecoder ?? false ? x.UpsampleBilinear(scale: 2, alignCorners: false) : x.UpsampleNearest(scale: 2);
}
