using LungSeg.Engine.Weights;
using static LungSeg.Models.NetworkOptionNames;

namespace LungSeg.Models.Decoders;

/// <summary>An architecture of the library: its decoder, and what it asks of the encoder and of the head.</summary>
/// <param name="Name">The class in the library, such as <c>DeepLabV3Plus</c>.</param>
/// <param name="Build">Builds the decoder for an encoder's channels.</param>
/// <param name="HeadKernelSize">The kernel of the last convolution.</param>
/// <param name="Depth">Encoder stages that are used by default.</param>
/// <param name="OutputStrides">Which output strides the architecture takes, the default first.</param>
/// <param name="Upsampling">The factor between the decoder's map and the mask by default, for a depth and an output stride.</param>
/// <param name="Untraced">Options that the architecture takes and that leave no trace in names and shapes of weights.</param>
internal sealed record DecoderEntry(
    string Name, Func<WeightScope, IReadOnlyList<int>, DecoderContext, Decoder> Build, int HeadKernelSize, int Depth,
    IReadOnlyList<int> OutputStrides, Func<int, int, int> Upsampling, params string[] Untraced)
{
    /// <summary>Whether the decoder upsamples bilinearly where nothing else is said.</summary>
    public bool BilinearByDefault => Name == "PAN";
}

/// <summary>What a decoder is built for beside its encoder's channels.</summary>
internal sealed record DecoderContext(NetworkOptions Options, string Encoder, int OutputStride)
{
    /// <summary>Whether U-Net's decoders have convolutions on the last feature map.</summary>
    public bool HasCenter => Encoder.StartsWith("vgg", StringComparison.Ordinal);
}

/// <summary>The architectures of segmentation_models_pytorch.</summary>
internal static class DecoderTable
{
    /// <summary>All architectures by the library's names.</summary>
    public static IReadOnlyDictionary<string, DecoderEntry> All { get; } = new DecoderEntry[]
    {
        new(
            "Unet", (w, channels, context) => new UNetDecoder(w, channels, context.Options, context.HasCenter),
            3, 5, [32], (_, _) => 1, Interpolation),
        new(
            "UnetPlusPlus", (w, channels, context) => new UNetPlusPlusDecoder(w, channels, context.Options, context.HasCenter),
            3, 5, [32], (_, _) => 1, Interpolation),
        new(
            "DeepLabV3", (w, channels, context) => new DeepLabV3Decoder(w, channels, context.Options),
            1, 5, [8, 16], (depth, stride) => Math.Min(1 << depth, stride), OutputStride, AtrousRates, Upsampling),
        new(
            "DeepLabV3Plus", (w, channels, context) => new DeepLabV3PlusDecoder(w, channels, context.Options, context.OutputStride),
            1, 5, [16, 8], (_, _) => 4, OutputStride, AtrousRates, Upsampling),
        new(
            "FPN", (w, channels, context) => new FpnDecoder(w, channels, context.Options),
            1, 5, [32], (_, _) => 4, Interpolation, Upsampling),
        new("Linknet", (w, channels, context) => new LinknetDecoder(w, channels, context.Options), 1, 5, [32], (_, _) => 1),
        new("PSPNet", (w, channels, context) => new PspNetDecoder(w, channels, context.Options), 3, 3, [32], (_, _) => 8, Upsampling),
        new(
            "PAN", (w, channels, context) => new PanDecoder(w, channels, context.Options),
            3, 5, [16, 32], (_, _) => 4, OutputStride, Interpolation, Upsampling),
        new("MAnet", (w, channels, context) => new MaNetDecoder(w, channels, context.Options), 3, 5, [32], (_, _) => 1, Interpolation),
        new("UPerNet", (w, channels, context) => new UPerNetDecoder(w, channels, context.Options), 1, 5, [32], (_, _) => 4, Upsampling),
    }.ToDictionary(entry => entry.Name);
}
