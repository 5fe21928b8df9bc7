using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using LungSeg.IO;

namespace LungSeg.Imaging.Codecs;

/// <summary>
/// PNG with 8 or 16 bits, grey, RGB or RGBA. Each row takes whichever of the filters None, Sub and Up leaves the smallest bytes. Bands of
/// rows are compressed at the same time and apart from each other, and their borders depend on the image's size alone, so that the
/// file is the same on any number of processors.
/// </summary>
internal static class PngEncoder
{
    /// <summary>A band is as many rows as make this many bytes.</summary>
    private const int BandBytes = 512 << 10;

    /// <summary>Deflate's levels beyond the third take up to five times as long for a few percent.</summary>
    private static readonly ZLibCompressionOptions Compression = new() { CompressionLevel = 3 };

    public static void Write(Stream target, int width, int height, int channels, int bitDepth, ReadOnlyMemory<byte> bigEndianRows)
    {
        target.Write(PngChunks.Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = ((byte)bitDepth, (byte)(channels switch { 1 => 0, 3 => 2, _ => 6 }));
        WriteChunk(target, "IHDR"u8, header);

        int stride = bigEndianRows.Length / height, rows = Math.Max(1, BandBytes / (stride + 1)), bands = (height + rows - 1) / rows;
        (MemoryStream Data, uint Checksum, long Length)[] packed = new (MemoryStream, uint, long)[bands];
        AllProcessors.For(bands, band =>
        {
            int first = band * rows, count = Math.Min(rows, height - first);
            byte[] filtered = PngFilter.Choose(bigEndianRows.Span, stride, channels * bitDepth / 8, first, count);
            packed[band] = (Deflate(filtered, isFirst: band == 0, isLast: band == bands - 1), Adler32.Of(filtered), filtered.Length);
        });
        uint checksum = packed[0].Checksum;
        for (int band = 1; band < bands; band++)
            checksum = Adler32.Join(checksum, packed[band].Checksum, packed[band].Length);
        byte[] end = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(end, checksum);
        packed[^1].Data.Write(end);
        foreach ((MemoryStream data, _, _) in packed)
            WriteChunk(target, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(target, "IEND"u8, []);
    }

    /// <summary>
    /// A piece of a zlib stream that ends on a whole byte: the first with the stream's header, the last with its last block.
    /// </summary>
    private static MemoryStream Deflate(byte[] bytes, bool isFirst, bool isLast)
    {
        MemoryStream piece = new(bytes.Length / 3);
        if (isFirst)
            piece.Write([0x78, 0x5E]);
        DeflateStream deflated = new(piece, Compression, leaveOpen: true);
        deflated.Write(bytes);
        deflated.Flush();
        long end = piece.Length;
        deflated.Dispose();
        // What closing adds is the stream's end.
        if (!isLast)
            piece.SetLength(end);
        return piece;
    }

    private static void WriteChunk(Stream target, ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        target.Write(number);
        target.Write(name);
        target.Write(body);
        Crc32 checksum = new();
        checksum.Append(name);
        checksum.Append(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, checksum.GetCurrentHashAsUInt32());
        target.Write(number);
    }
}
