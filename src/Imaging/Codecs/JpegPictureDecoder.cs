using JpegLibrary;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// JPEG: baseline, extended and progressive, grey or colour, 8 or 12 bits; 12 bits are scaled to 16. Colour follows libjpeg:
/// the same choice of colour space, chroma interpolation and conversion. EXIF orientation is applied.
/// </summary>
internal sealed class JpegPictureDecoder : IImageDecoder
{
    private const int Baseline = 0xC0, Extended = 0xC1, Progressive = 0xC2;

    public string Format => "JPEG";

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]);

    public Radiograph Decode(byte[] file)
    {
        JpegStructure jpeg = JpegStructure.Read(file);
        RefuseUnsupported(jpeg);
        int channels = jpeg.Components.Length;
        JpegPlanes planes = DecodePlanes(file, jpeg);
        ushort[] samples = channels == 1 ? planes.Read(0) : JpegColor.ToRgb(planes.Read(0), planes.Read(1), planes.Read(2), jpeg);
        if (jpeg.Precision == 12)
            for (int i = 0; i < samples.Length; i++)
                samples[i] = (ushort)(samples[i] << 4 | samples[i] >> 8);
        string process = jpeg.Frame == Progressive ? "progressive" : "sequential";
        Radiograph picture = new(jpeg.Width, jpeg.Height, channels, jpeg.Precision == 12 ? 16 : 8, samples)
        {
            Description = $"JPEG, {jpeg.Precision}-bit {(channels == 1 ? "grey" : "colour")}, {process}",
        };
        return Orientation.Apply(picture, jpeg.Orientation);
    }

    internal static void RefuseUnsupported(JpegStructure jpeg)
    {
        string? what = jpeg switch
        {
            { Frame: 0xC3 } => "lossless JPEG",
            { Frame: not (Baseline or Extended or Progressive) } => $"a JPEG process (0xFF{jpeg.Frame:X2}) that is rarely used",
            { Components.Length: 4 } => "CMYK colour",
            { Components.Length: not (1 or 3) } => $"{jpeg.Components.Length} colour components",
            { Precision: not (8 or 12) } => $"{jpeg.Precision} bits per sample",
            { Frame: not Progressive, Scans: > 1 } => "baseline JPEG with one scan per colour",
            _ => null,
        };
        if (what is not null)
            throw new ImageException($"the JPEG file uses {what}, which is not supported; save it as PNG");
        int h = jpeg.Components.Max(c => c.Horizontal), v = jpeg.Components.Max(c => c.Vertical);
        if (jpeg.Components.Any(c => !Divides(c.Horizontal, h) || !Divides(c.Vertical, v)))
            throw new ImageException("the JPEG file uses an uncommon chroma sampling, which is not supported; save it as PNG");
    }

    private static bool Divides(int factor, int maximum) => factor > 0 && maximum % factor == 0 && maximum / factor is 1 or 2 or 4;

    internal static JpegPlanes DecodePlanes(byte[] file, JpegStructure jpeg)
    {
        // Sampling factors mean nothing in a picture of one component, but the library would order blocks by them.
        if (jpeg.Components is [{ Horizontal: not 1 } or { Vertical: not 1 }])
        {
            file = (byte[])file.Clone();
            file[jpeg.FrameAt + 7] = 0x11;
            jpeg.Components[0] = jpeg.Components[0] with { Horizontal = 1, Vertical = 1 };
        }
        JpegPlanes planes = new(jpeg);
        try
        {
            JpegDecoder decoder = new();
            decoder.SetInput(file);
            decoder.Identify();
            decoder.SetOutputWriter(planes);
            decoder.Decode();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new ImageException($"the JPEG file is damaged: {e.Message.TrimEnd('.')}", e);
        }
        return planes;
    }
}
