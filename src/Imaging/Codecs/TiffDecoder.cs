namespace LungSeg.Imaging.Codecs;

/// <summary>
/// TIFF, first page: grey, RGB or palette, 1 to 16 bits, strips or tiles; uncompressed, PackBits, LZW, Deflate, JPEG and the fax codings.
/// Extra samples (alpha) are dropped, white-is-zero is inverted, the orientation tag is applied.
/// </summary>
internal sealed class TiffDecoder : IImageDecoder
{
    public string Format => "TIFF";

    public bool Recognizes(ReadOnlySpan<byte> file) =>
        file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) || file.StartsWith("II+\0"u8) || file.StartsWith("MM\0+"u8);

    public Radiograph Decode(byte[] file)
    {
        var directory = TiffDirectory.ReadFirst(file);
        var layout = TiffLayout.Read(directory, file.Length);
        ushort[] samples = TiffPixels.Read(file, layout, 0, layout.Channels);
        // A shape may be drawn in the extra sample alone.
        ushort[]? alpha = layout.HasExtraSample && Radiograph.IsOneColor(samples, layout.Channels)
            ? TiffPixels.Read(file, layout, layout.Channels, 1) : null;
        Radiograph image = new(layout.Width, layout.Height, layout.Channels, layout.Depth, samples)
        {
            Alpha = alpha,
            Description = $"TIFF, {layout.Bits}-bit {(layout.Channels == 1 ? "grey" : "colour")}",
            Decisions =
            [
                .. directory.IsLast ? [] : new[] { new Decision("pages", "the first page of several was read", IsWarning: true) },
                .. alpha is null ? [] : new[] { Decision.ShapeInAlpha },
            ],
        };
        return Orientation.Apply(image, layout.Orientation);
    }
}
