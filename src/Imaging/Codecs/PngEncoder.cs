using System.Buffers.Binary;
using System.IO.Compression;

namespace LungSeg.Imaging.Codecs;

/// <summary>PNG with 8 or 16 bits, grey, RGB or RGBA. Each row takes whichever of the filters None, Sub and Up leaves the smallest bytes.</summary>
internal static class PngEncoder
{
    public static void Write(Stream target, int width, int height, int channels, int bitDepth, ReadOnlySpan<byte> bigEndianRows)
    {
        target.Write(PngChunks.Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = ((byte)bitDepth, (byte)(channels switch { 1 => 0, 3 => 2, _ => 6 }));
        WriteChunk(target, "IHDR"u8, header);
        using MemoryStream data = new();
        using (ZLibStream deflated = new(data, CompressionLevel.Optimal, leaveOpen: true))
            WriteRows(deflated, bigEndianRows, height, channels * bitDepth / 8);
        WriteChunk(target, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(target, "IEND"u8, []);
    }

    private static void WriteRows(ZLibStream deflated, ReadOnlySpan<byte> rows, int height, int pixel)
    {
        int stride = rows.Length / height;
        byte[] zeros = new byte[stride], sub = new byte[stride], up = new byte[stride];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = rows.Slice(y * stride, stride), above = y == 0 ? zeros : rows.Slice((y - 1) * stride, stride);
            for (int i = 0; i < stride; i++)
            {
                sub[i] = (byte)(row[i] - (i < pixel ? 0 : row[i - pixel]));
                up[i] = (byte)(row[i] - above[i]);
            }
            (long none, long left, long top) = (Cost(row), Cost(sub), Cost(up));
            int filter = none <= left && none <= top ? 0 : left <= top ? 1 : 2;
            deflated.WriteByte((byte)filter);
            deflated.Write(filter switch { 0 => row, 1 => sub, _ => up });
        }
    }

    /// <summary>The PNG specification's heuristic: the sum of the bytes, taken as signed.</summary>
    private static long Cost(ReadOnlySpan<byte> row)
    {
        long sum = 0;
        foreach (byte value in row)
            sum += Math.Abs((int)(sbyte)value);
        return sum;
    }

    private static void WriteChunk(Stream target, ReadOnlySpan<byte> name, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        target.Write(number);
        target.Write(name);
        target.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(name, body));
        target.Write(number);
    }
}
