namespace LungSeg.Imaging.Codecs;

/// <summary>The checksum at the end of a zlib stream (RFC 1950), and that of two parts put together.</summary>
internal static class Adler32
{
    private const uint Modulus = 65521;

    /// <summary>So many bytes of 255 do not overflow the second sum.</summary>
    private const int Block = 5552;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint a = 1, b = 0;
        while (bytes.Length > 0)
        {
            int length = Math.Min(Block, bytes.Length);
            foreach (byte value in bytes[..length])
            {
                a += value;
                b += a;
            }
            (a, b) = (a % Modulus, b % Modulus);
            bytes = bytes[length..];
        }
        return b << 16 | a;
    }

    /// <summary>
    /// The checksum of a part with the checksum <paramref name="first"/> followed by one of <paramref name="secondLength"/> bytes.
    /// </summary>
    public static uint Join(uint first, uint second, long secondLength)
    {
        ulong a1 = first & 0xFFFF, b1 = first >> 16, a2 = second & 0xFFFF, b2 = second >> 16, length = (ulong)(secondLength % Modulus);
        ulong a = (a1 + a2 + Modulus - 1) % Modulus, b = (b1 + b2 + length * (a1 + Modulus - 1)) % Modulus;
        return (uint)(b << 16 | a);
    }
}
