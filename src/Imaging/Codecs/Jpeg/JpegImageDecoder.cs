namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// JPEG: baseline, extended and progressive, grey or colour, 8 or 12 bits; 12 bits are scaled to 16. Colour follows libjpeg:
/// the same choice of colour space, chroma interpolation and conversion. EXIF orientation is applied.
/// </summary>
internal sealed class JpegImageDecoder : IImageDecoder
{
    private const int Baseline = 0xC0, Extended = 0xC1;

    public string Format => "JPEG";

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    public Radiograph Decode(byte[] file)
    {
        JpegStructure jpeg = JpegStructure.Read(file);
        ImageSize.Check(jpeg.Width, jpeg.Height);
        JpegPlanes planes = JpegDecoder.Decode(file, jpeg);
        int channels = jpeg.Components.Length;
        ushort[] samples = channels == 1 ? planes.Read(0) : JpegColor.ToRgb(planes.Read(0), planes.Read(1), planes.Read(2), jpeg);
        if (jpeg.Precision == 12)
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)(samples[i] << 4 | samples[i] >> 8);
        string process = jpeg.IsProgressive ? "progressive" : "sequential";
        Radiograph image = new(jpeg.Width, jpeg.Height, channels, jpeg.Precision == 12 ? 16 : 8, samples)
        {
            Description = $"JPEG, {jpeg.Precision}-bit {(channels == 1 ? "grey" : "colour")}, {process}",
            Decisions = jpeg.StrayBytes == 0 ? []
                : [new Decision("JPEG", $"{jpeg.StrayBytes} bytes between segments belong to none, and were skipped", IsWarning: true)],
        };
        return Orientation.Apply(image, jpeg.Orientation);
    }

    internal static void RefuseUnsupported(JpegStructure jpeg)
    {
        string? what = jpeg switch
        {
            { Frame: 0xC3 } => "lossless JPEG",
            { Frame: not (Baseline or Extended or JpegStructure.Progressive) } =>
                $"a JPEG process (0xFF{jpeg.Frame:X2}) that is rarely used",
            { Components.Length: 4 } => "CMYK colour",
            { Components.Length: not (1 or 3) } => $"{jpeg.Components.Length} colour components",
            { Precision: not (8 or 12) } => $"{jpeg.Precision} bits per sample",
            _ => null,
        };
        if (what is not null)
            throw new ImageException($"the JPEG file uses {what}, which is not supported; save it as PNG");
        int h = jpeg.Components.Max(c => c.Horizontal), v = jpeg.Components.Max(c => c.Vertical);
        if (jpeg.Components.Any(c => !Divides(c.Horizontal, h) || !Divides(c.Vertical, v)))
            throw new ImageException("the JPEG file uses an uncommon chroma sampling, which is not supported; save it as PNG");
    }

    private static bool Divides(int factor, int maximum) => factor > 0 && maximum % factor == 0 && maximum / factor is 1 or 2 or 4;
}
