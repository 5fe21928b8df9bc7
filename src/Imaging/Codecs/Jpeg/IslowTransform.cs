using System.Runtime.Intrinsics;

namespace LungSeg.Imaging.Codecs.Jpeg;

/// <summary>
/// The inverse cosine transform of 8 x 8 coefficients as libjpeg's default method (jidctint.c, "islow": Loeffler, Ligtenberg and
/// Moschytz 1989, 13-bit constants) computes it, bit for bit, for 8 and 12 bits. Columns first: a vector holds a row of eight columns,
/// and after the transposition a column of eight rows.
/// </summary>
internal sealed class IslowTransform(int precision)
{
    private const int ConstantBits = 13;
    private const int F0298 = 2446, F0390 = 3196, F0541 = 4433, F0765 = 6270, F0899 = 7373, F1175 = 9633, F1501 = 12299, F1847 = 15137,
        F1961 = 16069, F2053 = 16819, F2562 = 20995, F3072 = 25172;

    /// <summary>Bits that the first pass keeps beyond the sample's; libjpeg has one less for 12-bit samples.</summary>
    private readonly int _extra = precision > 8 ? 1 : 2;

    private readonly int _center = 1 << precision - 1, _max = (1 << precision) - 1;

    /// <summary>Writes 8 rows of 8 samples, 0 to the highest of the precision.</summary>
    public void Apply(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, Span<ushort> target, int stride)
    {
        if (!coefficients[1..].ContainsAnyExcept((short)0))
        {
            int even = ((coefficients[0] * quantisation[0] << _extra) + (1 << _extra + 2) >> _extra + 3) + _center;
            for (int y = 0; y < 8; y++)
                target.Slice(y * stride, 8).Fill((ushort)Math.Clamp(even, 0, _max));
            return;
        }
        Span<int> rows = stackalloc int[64], columns = stackalloc int[64];
        ReadOnlySpan<short> c = coefficients;
        ReadOnlySpan<int> q = quantisation;
        Pass(Row(c, q, 0), Row(c, q, 1), Row(c, q, 2), Row(c, q, 3), Row(c, q, 4), Row(c, q, 5), Row(c, q, 6), Row(c, q, 7),
            ConstantBits - _extra, rows);
        Transpose(rows, columns);
        Pass(Load(columns, 0), Load(columns, 1), Load(columns, 2), Load(columns, 3), Load(columns, 4), Load(columns, 5), Load(columns, 6),
            Load(columns, 7), ConstantBits + _extra + 3, rows);
        Vector256<int> center = Vector256.Create(_center), max = Vector256.Create(_max);
        for (int i = 0; i < 8; i++)
            Vector256.Min(Vector256.Max(Load(rows, i) + center, Vector256<int>.Zero), max).CopyTo(rows[(8 * i)..]);
        Transpose(rows, columns);
        for (int y = 0; y < 8; y++)
        {
            Vector256<int> row = Load(columns, y);
            Vector128.Narrow(row.GetLower().AsUInt32(), row.GetUpper().AsUInt32()).CopyTo(target[(y * stride)..]);
        }
    }

    private static Vector256<int> Row(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, int row)
    {
        (Vector128<int> lower, Vector128<int> upper) = Vector128.Widen(Vector128.Create(coefficients.Slice(8 * row, 8)));
        return Vector256.Create(lower, upper) * Vector256.Create(quantisation.Slice(8 * row, 8));
    }

    private static Vector256<int> Load(ReadOnlySpan<int> from, int row) => Vector256.Create(from.Slice(8 * row, 8));

    private static void Pass(
        Vector256<int> in0, Vector256<int> in1, Vector256<int> in2, Vector256<int> in3,
        Vector256<int> in4, Vector256<int> in5, Vector256<int> in6, Vector256<int> in7, int shift, Span<int> to)
    {
        Vector256<int> z1 = (in2 + in6) * F0541, t2 = z1 - in6 * F1847, t3 = z1 + in2 * F0765;
        Vector256<int> t0 = in0 + in4 << ConstantBits, t1 = in0 - in4 << ConstantBits;
        Vector256<int> e0 = t0 + t3, e3 = t0 - t3, e1 = t1 + t2, e2 = t1 - t2;

        Vector256<int> z5 = (in7 + in3 + in5 + in1) * F1175;
        Vector256<int> a = -(in7 + in1) * F0899, b = -(in5 + in3) * F2562, c = z5 - (in7 + in3) * F1961, d = z5 - (in5 + in1) * F0390;
        Vector256<int> o0 = in7 * F0298 + a + c, o1 = in5 * F2053 + b + d, o2 = in3 * F3072 + b + c, o3 = in1 * F1501 + a + d;

        Vector256<int> half = Vector256.Create(1 << shift - 1);
        (e0 + o3 + half >> shift).CopyTo(to);
        (e1 + o2 + half >> shift).CopyTo(to[8..]);
        (e2 + o1 + half >> shift).CopyTo(to[16..]);
        (e3 + o0 + half >> shift).CopyTo(to[24..]);
        (e3 - o0 + half >> shift).CopyTo(to[32..]);
        (e2 - o1 + half >> shift).CopyTo(to[40..]);
        (e1 - o2 + half >> shift).CopyTo(to[48..]);
        (e0 - o3 + half >> shift).CopyTo(to[56..]);
    }

    private static void Transpose(ReadOnlySpan<int> from, Span<int> to)
    {
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                to[8 * x + y] = from[8 * y + x];
    }
}
