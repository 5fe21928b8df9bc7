using System.Buffers.Binary;
using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

/// <summary>Images that must be refused.</summary>
internal static class BadImages
{
    /// <summary>A PNG whose header, checksum included, states a size; the pixels are those of 64 x 64.</summary>
    public static byte[] PngThatClaims(int width, int height)
    {
        const int Header = 8 + 8, Checksum = Header + 13;
        byte[] png = ImageWriter.EncodePng(64, 64, 1, new byte[64 * 64]);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(Header), width);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(Header + 4), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(Checksum), Crc32(png.AsSpan(Header - 4, 4 + 13)));
        return png;
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
        }
        return ~crc;
    }
}
