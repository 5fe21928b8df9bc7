using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace LungSeg.Imaging.Tests.Codecs;

/// <summary>
/// Reads PNG, BMP and TIFF in strips by ImageSharp: files of this repository and those that its tests wrote, none of anybody else's.
/// </summary>
internal static class IndependentReader
{
    /// <summary>Samples of the first 1, 3 or 4 of red, green, blue and alpha, with 8 or 16 bits, the image upright.</summary>
    public static (int Width, int Height, ushort[] Samples) Read(byte[] file, int channels, int bits)
    {
        using var image = Image.Load<Rgba64>(file);
        image.Mutate(i => i.AutoOrient());
        ushort[] samples = new ushort[image.Width * image.Height * channels];
        for (int y = 0, at = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
            {
                Rgba64 pixel = image[x, y];
                foreach (ushort sample in ((ReadOnlySpan<ushort>)[pixel.R, pixel.G, pixel.B, pixel.A])[..channels])
                    samples[at++] = bits == 8 ? (ushort)((sample + 128) / 257) : sample;
            }
        return (image.Width, image.Height, samples);
    }
}
