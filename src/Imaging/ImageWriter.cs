using System.Buffers.Binary;
using LungSeg.Imaging.Codecs;

namespace LungSeg.Imaging;

/// <summary>
/// Writes PNG files. A file appears whole or not at all: it is written beside its name and then renamed.
/// </summary>
public static class ImageWriter
{
    /// <summary>Writes grey (1 channel) or RGB (3 channels) bytes, rows from top to bottom, as PNG of 8 bits.</summary>
    /// <exception cref="ImageException">The path cannot be written.</exception>
    public static void WritePng(string path, int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        byte[] png = EncodePng(width, height, channels, pixels);
        WriteBeside(path, stream => stream.Write(png));
    }

    /// <summary>The bytes of a PNG file of grey (1 channel) or RGB (3 channels) bytes, rows from top to bottom.</summary>
    public static byte[] EncodePng(int width, int height, int channels, ReadOnlySpan<byte> pixels)
    {
        if (channels is not (1 or 3) || width <= 0 || height <= 0 || pixels.Length != (long)width * height * channels)
            throw new ArgumentException($"{pixels.Length} bytes are not a picture of {width} x {height} x {channels}", nameof(pixels));
        using MemoryStream stream = new();
        PngEncoder.Write(stream, width, height, channels, 8, pixels);
        return stream.ToArray();
    }

    /// <summary>Writes a radiograph as PNG at its own depth, 8 or 16 bits.</summary>
    /// <exception cref="ImageException">The path cannot be written.</exception>
    public static void WritePng(string path, Radiograph picture)
    {
        byte[] rows = picture.BitDepth == 8 ? picture.To8Bit() : BigEndian(picture.Samples);
        WriteBeside(path, stream => PngEncoder.Write(stream, picture.Width, picture.Height, picture.Channels, picture.BitDepth, rows));
    }

    /// <summary>Writes a mask as grey PNG: 0 background, 255 lung.</summary>
    /// <exception cref="ImageException">The path cannot be written.</exception>
    public static void WritePng(string path, LungMask mask)
    {
        byte[] rows = Array.ConvertAll(mask.Pixels.ToArray(), p => (byte)(p * 255));
        WriteBeside(path, stream => PngEncoder.Write(stream, mask.Width, mask.Height, 1, 8, rows));
    }

    /// <summary>Calls <paramref name="write"/> with a new file in the same directory and gives it the name when it is complete.</summary>
    /// <exception cref="ImageException">The path cannot be written.</exception>
    internal static void WriteBeside(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            if (Directory.Exists(path))
                throw new ImageException($"{path}: is a directory, the name of a picture file was expected");
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write))
                write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Discard(temporary);
            throw new ImageException($"{path}: cannot be written: {Reason(path, e)}", e);
        }
    }

    private static string Reason(string path, Exception e) => e switch
    {
        DirectoryNotFoundException => $"the directory {Path.GetDirectoryName(Path.GetFullPath(path))} does not exist",
        UnauthorizedAccessException => $"no permission to write in {Path.GetDirectoryName(Path.GetFullPath(path))}",
        _ => e.Message.ReplaceLineEndings(" "),
    };

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // The error that led here is the one worth telling.
        }
    }

    private static byte[] BigEndian(ReadOnlySpan<ushort> samples)
    {
        byte[] bytes = new byte[samples.Length * 2];
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), samples[i]);
        return bytes;
    }
}
