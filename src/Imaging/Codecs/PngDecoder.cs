using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// PNG (ISO/IEC 15948): every colour type and depth, interlaced or not. Alpha and transparency are dropped, as OpenCV's
/// IMREAD_COLOR drops them; palettes become colour; grey under 8 bits is scaled to 8.
/// </summary>
internal sealed class PngDecoder : IImageDecoder
{
    private const string EndsEarly = "the PNG file is damaged: its data ends before the last row";
    private const int InflatedTogether = 64 << 10;
    private const int Grey = 0, Rgb = 2, Indexed = 3, GreyAlpha = 4, Rgba = 6;

    /// <summary>Adam7: first column, first row, column step, row step of each pass.</summary>
    private static readonly (int X, int Y, int Dx, int Dy)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    public string Format => "PNG";

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith(PngChunks.Signature);

    public Radiograph Decode(byte[] file)
    {
        PngChunks chunks = PngChunks.Read(file);
        ReadOnlySpan<byte> header = chunks.Header;
        int width = BinaryPrimitives.ReadInt32BigEndian(header), height = BinaryPrimitives.ReadInt32BigEndian(header[4..]);
        (int depth, int color, int compression, int filter, int interlace) = (header[8], header[9], header[10], header[11], header[12]);
        int stored = (color, depth) switch
        {
            (Grey, 1 or 2 or 4 or 8 or 16) or (Indexed, 1 or 2 or 4 or 8) => 1,
            (GreyAlpha, 8 or 16) => 2,
            (Rgb, 8 or 16) => 3,
            (Rgba, 8 or 16) => 4,
            _ => throw new ImageException($"the PNG file is damaged: colour type {color} with {depth} bits does not exist"),
        };
        if (compression != 0 || filter != 0 || interlace > 1)
            throw new ImageException("the PNG file uses a compression, filter or interlace method that no PNG standard knows");
        if (color == Indexed && chunks.Palette is null)
            throw new ImageException("the PNG file is damaged: its palette is missing");
        if (!chunks.CanHold((long)height * (((long)width * stored * depth + 7) / 8)))
            throw new ImageException(EndsEarly);
        int channels = color is Grey or GreyAlpha ? 1 : 3;
        Layout layout = new(width, channels, stored, depth, 0, color == Indexed ? chunks.Palette : null);
        ushort[] samples = ReadSamples(chunks.Data, layout, height, interlace);
        string kind = color switch
        { Grey => "grey", GreyAlpha => "grey and alpha", Rgb => "colour", Rgba => "colour and alpha", _ => "palette" };
        // A shape may be drawn in the alpha channel alone.
        Layout? shape = !Radiograph.IsOneColor(samples, channels) ? null
            : color is GreyAlpha or Rgba ? layout with { Channels = 1, First = stored - 1 }
            : color == Indexed && chunks.Transparency is { } alphas ? layout with { Palette = Opacities(chunks.Palette!, alphas) }
            : null;
        ushort[]? alpha = shape is { } s ? ReadSamples(chunks.Data, s, height, interlace) : null;
        if (shape is { Channels: 3 })
            alpha = [.. alpha!.Where((_, i) => i % 3 == 0)];
        Radiograph image = new(width, height, channels, depth == 16 ? 16 : 8, samples)
        {
            Alpha = alpha,
            Description = $"PNG, {depth}-bit {kind}",
            Decisions =
            [
                .. chunks.Frames == 1 ? []
                : new[] { new Decision("animation", $"the first of {chunks.Frames} images was read", IsWarning: true) },
                .. alpha is not null ? [Decision.ShapeInAlpha]
                    : color is GreyAlpha or Rgba ? new[] { new Decision("alpha", "left out") } : [],
            ],
        };
        return chunks.Exif is { } exif ? Orientation.Apply(image, Orientation.ReadExif(exif)) : image;
    }

    private static ushort[] ReadSamples(MemoryStream data, Layout layout, int height, int interlace)
    {
        ushort[] samples = GC.AllocateUninitializedArray<ushort>(layout.Width * height * layout.Channels);
        try
        {
            using ZLibStream inflated = Zlib.Inflate(data);
            ReadOnlySpan<(int X, int Y, int Dx, int Dy)> passes = interlace == 1 ? Adam7 : [(0, 0, 1, 1)];
            foreach ((int x, int y, int dx, int dy) in passes)
                ReadPass(inflated, layout, samples, (x, y, dx, dy), (layout.Width - x + dx - 1) / dx, (height - y + dy - 1) / dy);
            // The stream's own checksum is looked at when its end is read.
            inflated.ReadByte();
            return samples;
        }
        catch (EndOfStreamException)
        {
            throw new ImageException(EndsEarly);
        }
        catch (InvalidDataException e)
        {
            throw new ImageException("the PNG file is damaged: its compressed data cannot be read", e);
        }
    }

    /// <summary>A palette of the opacities of another one; colours without one are opaque (PNG, 11.3.2.1).</summary>
    private static byte[] Opacities(byte[] palette, byte[] alphas) =>
        [.. Enumerable.Range(0, palette.Length).Select(i => i / 3 < alphas.Length ? alphas[i / 3] : byte.MaxValue)];

    /// <summary>How rows are stored, and which of a pixel's samples are kept, from <paramref name="First"/> on.</summary>
    private readonly record struct Layout(int Width, int Channels, int Stored, int Depth, int First, byte[]? Palette);

    private static void ReadPass(Stream inflated, Layout layout, ushort[] samples, (int X, int Y, int Dx, int Dy) pass, int columns,
        int rows)
    {
        if (columns <= 0 || rows <= 0)
            return;
        int pixelBytes = Math.Max(1, layout.Stored * layout.Depth / 8);
        int stride = 1 + (int)(((long)columns * layout.Stored * layout.Depth + 7) / 8);
        // Rows are inflated several at a time, behind the last row before them, which their filters refer to.
        int together = Math.Clamp(InflatedTogether / stride, 1, rows);
        byte[] block = new byte[(together + 1) * stride];
        for (int first = 0; first < rows; first += together)
        {
            int count = Math.Min(together, rows - first);
            inflated.ReadExactly(block, stride, count * stride);
            for (int r = 0; r < count; r++)
            {
                ReadOnlySpan<byte> above = block.AsSpan(r * stride + 1, stride - 1);
                Span<byte> row = block.AsSpan((r + 1) * stride, stride);
                PngFilter.Undo(row[0], row[1..], above, pixelBytes);
                int at = ((pass.Y + (first + r) * pass.Dy) * layout.Width + pass.X) * layout.Channels;
                Expand(row[1..], layout, samples.AsSpan(at), columns, pass.Dx * layout.Channels);
            }
            block.AsSpan(count * stride, stride).CopyTo(block);
        }
    }

    private static void Expand(ReadOnlySpan<byte> row, Layout layout, Span<ushort> target, int columns, int step)
    {
        if (layout.Palette is null && layout.Depth >= 8 && step == layout.Stored && step == layout.Channels)
        {
            ExpandWhole(row, layout.Depth, target[..(columns * step)]);
            return;
        }
        if (layout.Palette is null && layout.Depth >= 8)
        {
            int bytes = layout.Depth / 8;
            row = row[(bytes * layout.First)..];
            if (bytes == 1 && layout.Channels == 3)
                ExpandColours(row, layout.Stored, target, columns, step);
            else
                for (int c = 0; c < layout.Channels; c++)
                    ExpandChannel(row[(bytes * c)..], bytes, bytes * layout.Stored, target[c..], columns, step);
            return;
        }
        for (int x = 0; x < columns; x++)
        {
            Span<ushort> pixel = target.Slice(x * step, layout.Channels);
            int bit = x * layout.Depth, max = (1 << layout.Depth) - 1;
            int value = row[bit >> 3] >> 8 - layout.Depth - (bit & 7) & max;
            if (layout.Palette is null)
            {
                pixel[0] = (ushort)(value * 255 / max);
                continue;
            }
            if (value * 3 + 2 >= layout.Palette.Length)
                throw new ImageException(
                    $"the PNG file is damaged: a pixel names colour {value} of a palette of {layout.Palette.Length / 3}");
            for (int c = 0; c < 3; c++)
                pixel[c] = layout.Palette[value * 3 + c];
        }
    }

    private static void ExpandColours(ReadOnlySpan<byte> row, int stored, Span<ushort> target, int columns, int step)
    {
        for (int x = 0, from = 0, to = 0; x < columns; x++, from += stored, to += step)
            (target[to], target[to + 1], target[to + 2]) = (row[from], row[from + 1], row[from + 2]);
    }

    /// <summary>One of the samples of each pixel, of one or two bytes.</summary>
    private static void ExpandChannel(ReadOnlySpan<byte> row, int bytes, int stride, Span<ushort> target, int columns, int step)
    {
        for (int x = 0, from = 0, to = 0; x < columns; x++, from += stride, to += step)
            target[to] = bytes == 1 ? row[from] : BinaryPrimitives.ReadUInt16BigEndian(row[from..]);
    }

    /// <summary>A row whose samples are all kept and lie one behind the other.</summary>
    private static void ExpandWhole(ReadOnlySpan<byte> row, int depth, Span<ushort> target)
    {
        if (depth == 16)
        {
            ReadOnlySpan<ushort> words = MemoryMarshal.Cast<byte, ushort>(row);
            if (BitConverter.IsLittleEndian)
                BinaryPrimitives.ReverseEndianness(words, target);
            else
                words.CopyTo(target);
            return;
        }
        int i = 0;
        for (; i <= target.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            Vector128<byte> samples = Vector128.Create<byte>(row[i..]);
            Vector128.WidenLower(samples).CopyTo(target[i..]);
            Vector128.WidenUpper(samples).CopyTo(target[(i + Vector128<ushort>.Count)..]);
        }
        for (; i < target.Length; i++)
            target[i] = row[i];
    }
}
