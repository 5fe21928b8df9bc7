using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LungSeg.Imaging.Codecs;
using LungSeg.IO;

namespace LungSeg.Imaging;

/// <summary>
/// Writes PNG files. A file appears whole or not at all: it is written beside its name and then renamed.
/// </summary>
public static class ImageWriter
{
    /// <summary>Writes grey (1 channel), RGB (3 channels) or RGBA (4 channels) bytes, rows from top to bottom, as PNG of 8 bits.</summary>
    /// <exception cref="FileException">The path cannot be written.</exception>
    public static void WritePng(string path, int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] png = EncodePng(width, height, channels, pixels);
        AtomicFile.Write((path, stream => stream.Write(png)));
    }

    /// <summary>
    /// The bytes of a PNG file of grey (1 channel), RGB (3 channels) or RGBA (4 channels) bytes, rows from top to bottom.
    /// </summary>
    public static byte[] EncodePng(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        using MemoryStream stream = new();
        WritePng(stream, width, height, channels, pixels.ToArray());
        return stream.ToArray();
    }

    /// <summary>Writes a radiograph as PNG at its own depth, 8 or 16 bits.</summary>
    /// <exception cref="FileException">The path cannot be written.</exception>
    public static void WritePng(string path, Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(image);
        AtomicFile.Write((path, stream => WritePng(stream, image)));
    }

    /// <summary>Writes a mask as grey PNG: 0 background, 255 lung.</summary>
    /// <exception cref="FileException">The path cannot be written.</exception>
    public static void WritePng(string path, LungMask mask)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(mask);
        AtomicFile.Write((path, stream => WritePng(stream, mask)));
    }

    internal static void WritePng(Stream stream, int width, int height, int channels, ReadOnlyMemory<byte> pixels)
    {
        if (channels is not (1 or 3 or 4) || width <= 0 || height <= 0 || pixels.Length != (long)width * height * channels)
            throw new ArgumentException($"{pixels.Length} bytes are not an image of {width} x {height} x {channels}", nameof(pixels));
        PngEncoder.Write(stream, width, height, channels, 8, pixels);
    }

    internal static void WritePng(Stream stream, Radiograph image)
    {
        byte[] rows = image.BitDepth == 8 ? image.To8Bit() : BigEndian(image.Samples);
        PngEncoder.Write(stream, image.Width, image.Height, image.Channels, image.BitDepth, rows);
    }

    internal static void WritePng(Stream stream, LungMask mask) => PngEncoder.Write(stream, mask.Width, mask.Height, 1, 8, mask.To8Bit());

    private static byte[] BigEndian(ReadOnlySpan<ushort> samples)
    {
        byte[] bytes = new byte[samples.Length * 2];
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(samples, words);
        else
            samples.CopyTo(words);
        return bytes;
    }
}
