using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// GIF (versions 87a and 89a) of one image, interlaced or not, as some collections store masks. Palettes of greys become grey; transparency
/// is dropped. Of an animation no image is the right one, so that it is refused.
/// </summary>
internal sealed class GifDecoder : IImageDecoder
{
    private const int Header = 13, ImageMark = 0x2C, ExtensionMark = 0x21, Trailer = 0x3B, HasPalette = 0x80, Interlaced = 0x40,
        MaxCodes = 4096;

    public string Format => "GIF";

    public bool Recognizes(ReadOnlySpan<byte> file) => file.StartsWith("GIF87a"u8) || file.StartsWith("GIF89a"u8);

    public Radiograph Decode(byte[] file)
    {
        if (file.Length < Header)
            throw Truncated(file);
        (int width, int height) = (UInt16(file, 6), UInt16(file, 8));
        ImageSize.Check(width, height);
        int at = Header;
        ReadOnlySpan<byte> palette = Palette(file, file[10], ref at);
        ReadOnlySpan<byte> background = file[11] < palette.Length / 3 ? palette.Slice(3 * file[11], 3) : [0, 0, 0];
        Radiograph? image = null;
        while (true)
        {
            int mark = at < file.Length ? file[at++] : throw Truncated(file);
            if (mark == Trailer)
                return image ?? throw new ImageException("the GIF file is damaged: it holds no image");
            if (mark == ExtensionMark)
            {
                at++;
                SkipBlocks(file, ref at);
            }
            else if (mark != ImageMark)
                throw new ImageException($"the GIF file is damaged: no block starts at byte {at - 1}");
            else if (image is not null)
                throw new ImageException("the GIF file is an animation of several images; save the one that is meant as PNG");
            else
                image = ReadImage(file, ref at, width, height, palette, background);
        }
    }

    private static Radiograph ReadImage(byte[] file, scoped ref int at, int width, int height, ReadOnlySpan<byte> palette,
        ReadOnlySpan<byte> background)
    {
        if (file.Length - at < 10)
            throw Truncated(file);
        (int left, int top, int columns, int rows, int flags) =
            (UInt16(file, at), UInt16(file, at + 2), UInt16(file, at + 4), UInt16(file, at + 6), file[at + 8]);
        at += 9;
        if (Palette(file, flags, ref at) is { Length: > 0 } own)
            palette = own;
        if (columns == 0 || rows == 0 || left + columns > width || top + rows > height)
            throw new ImageException(
                $"the GIF file is damaged: its image of {columns} x {rows} pixels does not lie in its screen of {width} x {height}");
        int codeSize = at < file.Length ? file[at++] : throw Truncated(file);
        int data = at;
        SkipBlocks(file, ref at);
        byte[] indices = Decompress(file, data, codeSize, columns, rows);
        int colors = palette.Length / 3, maximum = indices.Max();
        if (maximum >= colors)
            throw new ImageException($"the GIF file is damaged: a pixel names colour {maximum} of a palette of {colors}");
        bool whole = columns == width && rows == height;
        bool grey = IsGrey(palette, maximum + 1) && (whole || IsGrey(background, 1));
        int channels = grey ? 1 : 3;
        ushort[] samples = new ushort[width * height * channels];
        for (int i = 0; !whole && i < samples.Length; i++)
            samples[i] = background[i % channels];
        int[] order = (flags & Interlaced) == 0 ? [.. Enumerable.Range(0, rows)]
            : [.. new[] { (0, 8), (4, 8), (2, 4), (1, 2) }.SelectMany(
                pass => Enumerable.Range(0, rows).Where(y => y % pass.Item2 == pass.Item1))];
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < columns; x++)
                for (int c = 0; c < channels; c++)
                    samples[((top + order[y]) * width + left + x) * channels + c] = palette[3 * indices[y * columns + x] + c];
        return new Radiograph(width, height, channels, 8, samples)
        {
            Description = $"GIF, {(grey ? "grey" : "colour")} palette",
            Decisions = whole ? []
                : [new Decision("size", $"the image covers {columns} x {rows} of {width} x {height} pixels; the rest is background",
                    IsWarning: true)],
        };
    }

    /// <summary>LZW with codes of up to 12 bits, lowest bit first, over blocks of up to 255 bytes.</summary>
    private static byte[] Decompress(byte[] file, int at, int codeSize, int columns, int rows)
    {
        if (codeSize is < 1 or > 8)
            throw new ImageException($"the GIF file is damaged: codes of {codeSize} bits");
        byte[] target = (long)columns * rows <= (long)MaxCodes * file.Length ? new byte[columns * rows] : throw EndsEarly();
        Span<int> start = stackalloc int[MaxCodes], length = stackalloc int[MaxCodes];
        int clear = 1 << codeSize, end = clear + 1, next = end + 1, bits = codeSize + 1, to = 0, before = -1, left = 0, count = 0;
        uint window = 0;
        while (to < target.Length)
        {
            for (; count < bits; count += 8)
            {
                if (left == 0 && (left = file[at++]) == 0)
                    throw EndsEarly();
                left--;
                window |= (uint)file[at++] << count;
            }
            int code = (int)window & (1 << bits) - 1;
            window >>= bits;
            count -= bits;
            if (code == end)
                throw EndsEarly();
            if (code == clear)
            {
                (next, bits, before) = (end + 1, codeSize + 1, -1);
                continue;
            }
            int first = to;
            if (code < clear)
                target[to++] = (byte)code;
            else if (before >= 0 && (code < next || (code == next && next < MaxCodes)))
            {
                // The code that is just being made is the string before with its own first byte behind.
                (int from, int size) = code == next ? (before, first - before + 1) : (start[code], length[code]);
                // Byte by byte: a string may reach into what it writes.
                for (int i = 0; i < size && to < target.Length; i++)
                    target[to++] = target[from + i];
            }
            else
                throw new ImageException($"the GIF file is damaged: code {code} of its data is not defined yet");
            if (before >= 0 && next < MaxCodes)
            {
                (start[next], length[next]) = (before, first - before + 1);
                next++;
                if (next == 1 << bits && bits < 12)
                    bits++;
            }
            before = first;
        }
        return target;
    }

    private static ReadOnlySpan<byte> Palette(byte[] file, int flags, scoped ref int at)
    {
        if ((flags & HasPalette) == 0)
            return [];
        int bytes = 3 << (flags & 7) + 1;
        if (bytes > file.Length - at)
            throw Truncated(file);
        at += bytes;
        return file.AsSpan(at - bytes, bytes);
    }

    private static bool IsGrey(ReadOnlySpan<byte> palette, int colors)
    {
        for (int i = 0; i < 3 * colors; i += 3)
            if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2])
                return false;
        return true;
    }

    /// <summary>Goes behind the empty block that ends a row of blocks.</summary>
    private static void SkipBlocks(byte[] file, ref int at)
    {
        while (true)
        {
            int bytes = at < file.Length ? file[at++] : throw Truncated(file);
            at += bytes;
            if (bytes == 0)
                return;
        }
    }

    private static int UInt16(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    private static ImageException Truncated(byte[] file) =>
        new($"the GIF file is truncated: it ends after {file.Length} bytes without its end mark");

    private static ImageException EndsEarly() => new("the GIF file is damaged: its data ends before the last pixel");
}
