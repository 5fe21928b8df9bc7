using System.Buffers.Binary;

namespace LungSeg.Imaging.Codecs;

/// <summary>Windows bitmaps: 1, 4 and 8 bits with a palette, 24 and 32 bits, uncompressed, either row order. Alpha is dropped.</summary>
internal sealed class BmpDecoder : IImageDecoder
{
    private const int FileHeader = 14, CoreHeader = 12, InfoHeader = 40, Uncompressed = 0, BitFields = 3, AlphaBitFields = 6;

    public string Format => "BMP";

    /// <summary>'BM' alone begins many a text; the info header's length tells a bitmap.</summary>
    public bool Recognizes(ReadOnlySpan<byte> file) =>
        file.StartsWith("BM"u8) && (file.Length < 18 || Int32(file, 14) is CoreHeader or InfoHeader or 52 or 56 or 64 or 108 or 124);

    public Radiograph Decode(byte[] file)
    {
        if (file.Length < FileHeader + CoreHeader || file.Length < FileHeader + Int32(file, FileHeader))
            throw new ImageException($"the BMP file is truncated: it ends after {file.Length} bytes, inside its header");
        int data = Int32(file, 10), header = Int32(file, FileHeader);
        bool core = header == CoreHeader;
        long width = core ? UInt16(file, 18) : Int32(file, 18);
        long signedHeight = core ? UInt16(file, 20) : Int32(file, 22);
        int bits = UInt16(file, core ? 24 : 28), compression = core ? Uncompressed : Int32(file, 30);
        long height = Math.Abs(signedHeight);
        ImageSize.Check(width, height);
        bool plainMasks = compression is BitFields or AlphaBitFields && bits == 32 && HasPlainMasks(file);
        if (compression != Uncompressed && !plainMasks)
            throw new ImageException(
                $"the BMP file is compressed or packed (method {compression}), which is not supported; save it as PNG");
        if (bits is not (1 or 4 or 8 or 24 or 32))
            throw new ImageException($"the BMP file has {bits} bits per pixel; 1, 4, 8, 24 or 32 expected; save it as PNG");
        long stride = (width * bits + 31) / 32 * 4;
        if (data < FileHeader + header || data + stride * height > file.Length)
            throw new ImageException(
                $"the BMP file is truncated: {data + stride * height} bytes expected for {width} x {height} pixels, {file.Length} found");

        int paletteAt = FileHeader + header, entry = core ? 3 : 4, colors = Math.Min(1 << Math.Min(bits, 8), (data - paletteAt) / entry);
        bool grey = bits <= 8 && IsGrey(file, paletteAt, entry, colors);
        int channels = grey ? 1 : 3;
        ushort[] samples = new ushort[width * height * channels];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = file.AsSpan((int)(data + stride * (signedHeight < 0 ? y : height - 1 - y)), (int)stride);
            Span<ushort> target = samples.AsSpan((int)(y * width * channels), (int)width * channels);
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<byte> blueGreenRed = bits <= 8 ? Color(row, x) : row[(x * bits / 8)..];
                for (int c = 0; c < channels; c++)
                    target[x * channels + c] = blueGreenRed[2 - c];
            }
        }
        // A shape may be drawn in the fourth byte alone.
        ushort[]? alpha = null;
        if (bits == 32 && Radiograph.IsOneColor(samples, channels))
        {
            alpha = new ushort[width * height];
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                    alpha[y * width + x] = file[data + stride * (signedHeight < 0 ? y : height - 1 - y) + 4 * x + 3];
            alpha = Radiograph.IsOneColor(alpha, 1) ? null : alpha;
        }
        return new Radiograph((int)width, (int)height, channels, 8, samples)
        {
            Alpha = alpha,
            Description = $"BMP, {bits} bits per pixel",
            Decisions = alpha is null ? [] : [Decision.ShapeInAlpha],
        };

        ReadOnlySpan<byte> Color(ReadOnlySpan<byte> row, int x)
        {
            int index = row[x * bits >> 3] >> 8 - bits - (x * bits & 7) & (1 << bits) - 1;
            if (index >= colors)
                throw new ImageException($"the BMP file is damaged: a pixel names colour {index} of a palette of {colors}");
            return file.AsSpan(paletteAt + index * entry, 3);
        }
    }

    private static bool IsGrey(byte[] file, int at, int entry, int colors)
    {
        for (int i = 0; i < colors; i++, at += entry)
            if (file[at] != file[at + 1] || file[at] != file[at + 2])
                return false;
        return true;
    }

    private static bool HasPlainMasks(byte[] file) =>
        file.Length >= FileHeader + InfoHeader + 12 && Int32(file, 54) == 0xFF0000 && Int32(file, 58) == 0xFF00 && Int32(file, 62) == 0xFF;

    private static int Int32(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadInt32LittleEndian(file[at..]);

    private static int UInt16(ReadOnlySpan<byte> file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file[at..]);
}
