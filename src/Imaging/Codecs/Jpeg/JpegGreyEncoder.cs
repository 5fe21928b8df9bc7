namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>Baseline JPEG of 8-bit grey images, for previews: the tables of ITU-T T.81, annex K, for luminance.</summary>
internal static class JpegGreyEncoder
{
    private const int Side = 8, Size = Side * Side, EndOfBlock = 0x00, SixteenZeros = 0xF0;

    private static readonly byte[] Quantisation =
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ];

    // Counts of codes of 1 to 16 bits, then the symbols.
    private static readonly byte[] Dc = Convert.FromHexString("00010501010101010100000000000000" + "000102030405060708090A0B");
    private static readonly byte[] Ac = Convert.FromHexString("0002010303020403050504040000017D"
        + "01020300041105122131410613516107227114328191A1082342B1C11552D1F02433627282090A161718191A25262728292A3435363738393A43444546474849"
        + "4A535455565758595A636465666768696A737475767778797A838485868788898A92939495969798999AA2A3A4A5A6A7A8A9AAB2B3B4B5B6B7B8B9BAC2C3C4C5"
        + "C6C7C8C9CAD2D3D4D5D6D7D8D9DAE1E2E3E4E5E6E7E8E9EAF1F2F3F4F5F6F7F8F9FA");

    private static readonly (int Code, int Length)[] DcCodes = Codes(Dc), AcCodes = Codes(Ac);
    private static readonly float[] Cosines = [.. Enumerable.Range(0, Size).Select(i => Cosine(i / Side, i % Side))];

    /// <summary>Encodes height x width bytes; quality from 1 to 100 scales the quantisation as libjpeg does.</summary>
    public static byte[] Encode(int width, int height, ReadOnlySpan<byte> grey, int quality)
    {
        int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        byte[] quantisation = Array.ConvertAll(Quantisation, q => (byte)Math.Clamp((q * scale + 50) / 100, 1, 255));
        List<byte> file = [0xFF, 0xD8];
        Segment(file, 0xDB, [0, .. JpegTables.ZigZag.ToArray().Select(i => quantisation[i])]);
        Segment(file, 0xC0, [8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0]);
        Segment(file, 0xC4, [0x00, .. Dc]);
        Segment(file, 0xC4, [0x10, .. Ac]);
        Segment(file, 0xDA, [1, 1, 0x00, 0, 63, 0]);
        JpegBitWriter bits = new(file);
        Span<float> samples = stackalloc float[Size], coefficients = stackalloc float[Size];
        int before = 0;
        for (int y = 0; y < height; y += Side)
            for (int x = 0; x < width; x += Side)
            {
                // Blocks that stick out repeat the image's last row and column.
                for (int i = 0; i < Size; i++)
                    samples[i] = grey[Math.Min(y + i / Side, height - 1) * width + Math.Min(x + i % Side, width - 1)] - 128;
                Transform(samples, coefficients);
                before = WriteBlock(bits, coefficients, quantisation, before);
            }
        bits.Finish();
        file.AddRange([0xFF, 0xD9]);
        return [.. file];
    }

    /// <summary>Writes a block's coefficients; returns the first of them, from which the next block's is counted.</summary>
    private static int WriteBlock(JpegBitWriter bits, ReadOnlySpan<float> coefficients, byte[] quantisation, int before)
    {
        int first = 0, zeros = 0;
        for (int k = 0; k < Size; k++)
        {
            int at = JpegTables.ZigZag[k], value = (int)MathF.Round(coefficients[at] / quantisation[at]);
            if (k == 0)
            {
                first = value;
                WriteValue(bits, DcCodes, 0, first - before);
                continue;
            }
            if (value == 0)
            {
                zeros++;
                continue;
            }
            for (; zeros >= 16; zeros -= 16)
                bits.Write(AcCodes[SixteenZeros]);
            WriteValue(bits, AcCodes, zeros, value);
            zeros = 0;
        }
        if (zeros > 0)
            bits.Write(AcCodes[EndOfBlock]);
        return first;
    }

    private static void WriteValue(JpegBitWriter bits, (int Code, int Length)[] codes, int zeros, int value)
    {
        int length = 32 - int.LeadingZeroCount(Math.Abs(value));
        bits.Write(codes[zeros << 4 | length]);
        bits.Write((value < 0 ? value + (1 << length) - 1 : value, length));
    }

    /// <summary>The cosine transform, rows and then columns.</summary>
    private static void Transform(ReadOnlySpan<float> samples, Span<float> coefficients)
    {
        Span<float> rows = stackalloc float[Size];
        for (int i = 0; i < Size; i++)
        {
            rows[i] = 0;
            for (int x = 0; x < Side; x++)
                rows[i] += samples[i / Side * Side + x] * Cosines[i % Side * Side + x];
        }
        for (int i = 0; i < Size; i++)
        {
            coefficients[i] = 0;
            for (int y = 0; y < Side; y++)
                coefficients[i] += rows[y * Side + i % Side] * Cosines[i / Side * Side + y];
        }
    }

    private static float Cosine(int frequency, int x) =>
        (float)(Math.Cos((2 * x + 1) * frequency * Math.PI / (2 * Side)) / (frequency == 0 ? Math.Sqrt(Side) : 2));

    private static (int Code, int Length)[] Codes(ReadOnlySpan<byte> table)
    {
        var codes = new (int, int)[256];
        int code = 0, symbol = 16;
        for (int length = 1; length <= 16; length++, code <<= 1)
            for (int i = 0; i < table[length - 1]; i++)
                codes[table[symbol++]] = (code++, length);
        return codes;
    }

    private static void Segment(List<byte> file, byte marker, byte[] body) =>
        file.AddRange([0xFF, marker, (byte)(body.Length + 2 >> 8), (byte)(body.Length + 2), .. body]);
}
