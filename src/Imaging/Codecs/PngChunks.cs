using System.Buffers.Binary;
using System.IO.Hashing;

namespace LungSeg.Imaging.Codecs;

/// <summary>The pieces of a PNG file, every one checked against its length and checksum, up to and including IEND.</summary>
internal sealed class PngChunks
{
    /// <summary>
    /// Bytes that one byte of a Deflate stream can stand for; and data that no image needs, as a multiple of its pixels' bytes and beyond.
    /// </summary>
    private const long MaxGain = 1032, MaxOverhead = 2, SmallData = 1 << 20;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    public required byte[] Header { get; init; }

    public required byte[]? Palette { get; init; }

    /// <summary>The opacities of the palette's colours (tRNS); null where the file has none.</summary>
    public required byte[]? Transparency { get; init; }

    public required byte[]? Exif { get; init; }

    /// <summary>Images of an animation; 1 where the file is none.</summary>
    public required int Frames { get; init; }

    /// <summary>The zlib stream, its IDAT pieces joined.</summary>
    public required MemoryStream Data { get; init; }

    /// <summary>Whether the data can hold so many bytes: Deflate makes at most 1032 of one.</summary>
    public bool CanHold(long bytes) => bytes <= (Data.Length + 1) * MaxGain;

    public static PngChunks Read(ReadOnlySpan<byte> file)
    {
        byte[]? header = null, palette = null, transparency = null, exif = null;
        int frames = 1;
        MemoryStream data = new();
        int at = Signature.Length;
        while (true)
        {
            if (file.Length - at < 12)
                throw Truncated(file.Length);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file[at..]);
            ReadOnlySpan<byte> name = file.Slice(at + 4, 4);
            if (length > file.Length - at - 12)
                throw IsName(name) ? Truncated(file.Length) : new ImageException($"the PNG file is damaged: no chunk starts at byte {at}");
            ReadOnlySpan<byte> body = file.Slice(at + 8, (int)length);
            uint stored = BinaryPrimitives.ReadUInt32BigEndian(file[(at + 8 + (int)length)..]);
            if (Crc32.HashToUInt32(file.Slice(at + 4, 4 + (int)length)) != stored)
                throw new ImageException($"the PNG file is damaged: the checksum of its chunk at byte {at} does not match");
            if (header is null && !name.SequenceEqual("IHDR"u8))
                throw new ImageException("the PNG file is damaged: its first chunk is not IHDR");
            if (name.SequenceEqual("IEND"u8))
                return new PngChunks
                {
                    Header = header!,
                    Palette = palette,
                    Transparency = transparency,
                    Exif = exif,
                    Frames = frames,
                    Data = Rewound(data)
                };
            if (name.SequenceEqual("IHDR"u8))
                header ??= CheckedHeader(body);
            else if (name.SequenceEqual("PLTE"u8))
                palette = body.ToArray();
            else if (name.SequenceEqual("IDAT"u8))
                Join(data, body, header!);
            else if (name.SequenceEqual("tRNS"u8))
                transparency = body.ToArray();
            else if (name.SequenceEqual("eXIf"u8))
                exif = body.ToArray();
            else if (name.SequenceEqual("acTL"u8) && body.Length >= 4)
                frames = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(body), int.MaxValue);
            else if ((name[0] & 0x20) == 0)
                throw new ImageException($"the PNG file has a critical chunk that no PNG standard knows, at byte {at}");
            at += 12 + (int)length;
        }
    }

    /// <summary>The size is looked at here so that an oversized image is refused before its data is joined.</summary>
    private static byte[] CheckedHeader(ReadOnlySpan<byte> body)
    {
        if (body.Length != 13)
            throw new ImageException("the PNG file is damaged: its header has a wrong length");
        ImageSize.Check(BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
        return body.ToArray();
    }

    private static void Join(MemoryStream data, ReadOnlySpan<byte> body, ReadOnlySpan<byte> header)
    {
        // Eight bytes are the most that a pixel has.
        long pixels = 8L * BinaryPrimitives.ReadUInt32BigEndian(header) * BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        if (data.Length + body.Length > MaxOverhead * pixels + SmallData)
            throw new ImageException("the PNG file is damaged: its data is larger than twice what its pixels can need");
        data.Write(body);
    }

    private static MemoryStream Rewound(MemoryStream data)
    {
        data.Position = 0;
        return data;
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (byte letter in name)
            if (!char.IsAsciiLetter((char)letter))
                return false;
        return true;
    }

    private static ImageException Truncated(int length) =>
        new($"the PNG file is truncated: it ends after {length} bytes without its end mark");
}
