namespace LungSeg.Imaging.Codecs;

/// <summary>The CRC of PNG and zlib (polynomial 0xEDB88320, reflected), eight bytes a step.</summary>
internal static class Crc32
{
    private static readonly uint[] Tables = MakeTables();

    public static uint Of(ReadOnlySpan<byte> bytes) => ~Update(0xFFFFFFFF, bytes);

    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Update(Update(0xFFFFFFFF, first), second);

    private static uint Update(uint crc, ReadOnlySpan<byte> b)
    {
        uint[] t = Tables;
        for (; b.Length >= 8; b = b[8..])
        {
            crc ^= b[0] | (uint)b[1] << 8 | (uint)b[2] << 16 | (uint)b[3] << 24;
            crc = t[0x700 + (crc & 255)] ^ t[0x600 + (crc >> 8 & 255)] ^ t[0x500 + (crc >> 16 & 255)] ^ t[0x400 + (crc >> 24)]
                ^ t[0x300 + b[4]] ^ t[0x200 + b[5]] ^ t[0x100 + b[6]] ^ t[b[7]];
        }
        foreach (byte value in b)
            crc = t[(crc ^ value) & 255] ^ crc >> 8;
        return crc;
    }

    private static uint[] MakeTables()
    {
        uint[] t = new uint[8 * 256];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int k = 0; k < 8; k++)
                c = (c & 1) != 0 ? 0xEDB88320 ^ c >> 1 : c >> 1;
            t[n] = c;
        }
        for (int n = 256; n < t.Length; n++)
            t[n] = t[t[n - 256] & 255] ^ t[n - 256] >> 8;
        return t;
    }
}
