using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace LungSeg.Cli;

/// <summary>
/// Small grey images for reports, by ImageSharp. It gets pixels and writes files; it is never given a file to read, which
/// src/BannedSymbols.txt enforces.
/// </summary>
internal static class Preview
{
    // Its own, without any format to read: nothing else in the process changes it. Images are many and small, so each takes one thread.
    private static readonly Configuration Settings = new() { MaxDegreeOfParallelism = 1 };

    /// <summary>
    /// Resizes height x width bytes to a size that is no larger; each new pixel is the mean of those that its square covers.
    /// </summary>
    public static byte[] Shrink(byte[] grey, int width, int height, int toWidth, int toHeight)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toWidth, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toHeight, height);
        using var whole = Image.WrapMemory<L8>(Settings, grey, width, height);
        using Image<L8> small = whole.Clone(Settings, image => image.Resize(toWidth, toHeight, KnownResamplers.Box));
        byte[] pixels = new byte[toWidth * toHeight];
        small.CopyPixelDataTo(pixels);
        return pixels;
    }

    /// <summary>The bytes of a baseline JPEG file of grey bytes, rows from top to bottom; quality from 1 to 100.</summary>
    public static byte[] Jpeg(byte[] grey, int width, int height, int quality)
    {
        using var image = Image.WrapMemory<L8>(Settings, grey, width, height);
        using var file = new MemoryStream();
        image.Save(file, new JpegEncoder { Quality = quality, ColorType = JpegColorType.Luminance });
        return file.ToArray();
    }
}
