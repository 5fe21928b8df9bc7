using System.Buffers.Binary;
using System.IO.Hashing;

namespace LungSeg.Imaging.Codecs;

/// <summary>The pieces of a PNG file, every one checked against its length and checksum, up to and including IEND.</summary>
internal sealed class PngChunks
{
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    public required byte[] Header { get; init; }

    public required byte[]? Palette { get; init; }

    public required byte[]? Exif { get; init; }

    /// <summary>Pictures of an animation; 1 where the file is none.</summary>
    public required int Frames { get; init; }

    /// <summary>The zlib stream, its IDAT pieces joined.</summary>
    public required byte[] Data { get; init; }

    public static PngChunks Read(ReadOnlySpan<byte> file)
    {
        byte[]? header = null, palette = null, exif = null;
        int frames = 1;
        using MemoryStream data = new(file.Length);
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
                return new PngChunks { Header = header!, Palette = palette, Exif = exif, Frames = frames, Data = data.ToArray() };
            if (name.SequenceEqual("IHDR"u8))
                header ??= CheckedHeader(body);
            else if (name.SequenceEqual("PLTE"u8))
                palette = body.ToArray();
            else if (name.SequenceEqual("IDAT"u8))
                data.Write(body);
            else if (name.SequenceEqual("eXIf"u8))
                exif = body.ToArray();
            else if (name.SequenceEqual("acTL"u8) && body.Length >= 4)
                frames = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(body), int.MaxValue);
            else if ((name[0] & 0x20) == 0)
                throw new ImageException($"the PNG file has a critical chunk that no PNG standard knows, at byte {at}");
            at += 12 + (int)length;
        }
    }

    /// <summary>The size is looked at here so that an oversized picture is refused before its data is joined.</summary>
    private static byte[] CheckedHeader(ReadOnlySpan<byte> body)
    {
        if (body.Length != 13)
            throw new ImageException("the PNG file is damaged: its header has a wrong length");
        PictureSize.Check(BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
        return body.ToArray();
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (byte letter in name)
            if (!char.IsAsciiLetter((char)letter))
                return false;
        return true;
    }

    private static ImageException Truncated(int length) => new($"the PNG file is truncated: it ends after {length} bytes without its end mark");
}
