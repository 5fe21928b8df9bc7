using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Imaging.Codecs;

/// <summary>The five row filters of PNG: undone in place, and three of them chosen from for writing.</summary>
internal static class PngFilter
{
    private const int None = 0, Sub = 1, Up = 2, Average = 3, PaethKind = 4;

    /// <param name="kind">The filter byte in front of the row.</param>
    /// <param name="row">The row, filtered before and plain after the call.</param>
    /// <param name="above">The plain row above, or zeros.</param>
    /// <param name="pixel">Bytes from one pixel to the next.</param>
    public static void Undo(int kind, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        switch (kind)
        {
            case None:
                break;
            case Sub:
                for (int i = Math.Max(pixel, UndoPixels<LeftOne>(row, above, pixel)); i < row.Length; i++)
                    row[i] += row[i - pixel];
                break;
            case Up:
                Add(row, above);
                break;
            case Average:
                for (int i = UndoPixels<MeanOne>(row, above, pixel); i < row.Length; i++)
                    row[i] += (byte)((i < pixel ? 0 : row[i - pixel]) + above[i] >> 1);
                break;
            case PaethKind when pixel == 1:
                UndoPaethOfBytes(row, above);
                break;
            case PaethKind:
                for (int i = UndoPixels<NearestOne>(row, above, pixel); i < row.Length; i++)
                    row[i] += (byte)(i < pixel ? above[i] : Paeth(row[i - pixel], above[i], above[i - pixel]));
                break;
            default:
                throw new ImageException($"the PNG file is damaged: a row has filter {kind}, which does not exist");
        }
    }

    /// <summary>
    /// Rows <paramref name="first"/> and following, each behind its filter byte and by the filter that leaves the smallest bytes.
    /// </summary>
    public static byte[] Choose(ReadOnlySpan<byte> rows, int stride, int pixel, int first, int count)
    {
        byte[] filtered = new byte[(stride + 1) * count], zeros = new byte[stride], sub = new byte[stride], up = new byte[stride];
        for (int y = 0; y < count; y++)
        {
            ReadOnlySpan<byte> row = rows.Slice((first + y) * stride, stride);
            ReadOnlySpan<byte> above = first + y == 0 ? zeros : rows.Slice((first + y - 1) * stride, stride);
            row[..Math.Min(pixel, stride)].CopyTo(sub);
            if (stride > pixel)
                Subtract(row[pixel..], row[..^pixel], sub.AsSpan(pixel));
            Subtract(row, above, up);
            (long none, long left, long top) = (Cost(row), Cost(sub), Cost(up));
            int kind = none <= left && none <= top ? None : left <= top ? Sub : Up;
            Span<byte> target = filtered.AsSpan(y * (stride + 1), stride + 1);
            target[0] = (byte)kind;
            (kind switch { None => row, Sub => sub, _ => up }).CopyTo(target[1..]);
        }
        return filtered;
    }

    /// <summary>The PNG specification's heuristic: the sum of the bytes' sizes, taken as signed.</summary>
    private static long Cost(ReadOnlySpan<byte> row)
    {
        long sum = 0;
        int i = 0;
        while (i <= row.Length - Vector128<byte>.Count)
        {
            // A lane of 16 bits takes 256 bytes of at most 128 each, two of them with every vector.
            Vector128<ushort> lanes = Vector128<ushort>.Zero;
            for (int n = 0; n < 255 && i <= row.Length - Vector128<byte>.Count; n++, i += Vector128<byte>.Count)
            {
                Vector128<byte> value = Vector128.Create<byte>(row[i..]);
                Vector128<byte> size = Vector128.Min(value, Vector128<byte>.Zero - value);
                lanes += Vector128.WidenLower(size) + Vector128.WidenUpper(size);
            }
            sum += Vector128.Sum(Vector128.WidenLower(lanes) + Vector128.WidenUpper(lanes));
        }
        for (; i < row.Length; i++)
            sum += Math.Min(row[i], (byte)-row[i]);
        return sum;
    }

    private static void Add(Span<byte> row, ReadOnlySpan<byte> other)
    {
        int i = 0;
        for (; i <= row.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
            (Vector128.Create<byte>(row[i..]) + Vector128.Create<byte>(other[i..])).CopyTo(row[i..]);
        for (; i < row.Length; i++)
            row[i] += other[i];
    }

    private static void Subtract(ReadOnlySpan<byte> row, ReadOnlySpan<byte> other, Span<byte> target)
    {
        int i = 0;
        for (; i <= row.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
            (Vector128.Create<byte>(row[i..]) - Vector128.Create<byte>(other[i..])).CopyTo(target[i..]);
        for (; i < row.Length; i++)
            target[i] = (byte)(row[i] - other[i]);
    }

    /// <summary>
    /// Undoes a filter whose pixels each wait for the one before, all bytes of a pixel at once. Returns where it stopped: at the last
    /// pixels, or, where a pixel is a single byte, at the start.
    /// </summary>
    private static int UndoPixels<TPredictor>(Span<byte> row, ReadOnlySpan<byte> above, int pixel)
        where TPredictor : struct, IPredictor
    {
        int i = 0;
        Vector128<short> left = default, corner = default, bytes = Vector128.Create((short)0xFF);
        // Eight bytes are read and those of a pixel written; what the lanes behind it hold goes nowhere.
        for (; pixel > 1 && i <= row.Length - sizeof(ulong); i += pixel)
        {
            Vector128<short> up = Lanes(above[i..]);
            left = Lanes(row[i..]) + TPredictor.Predict(left, up, corner) & bytes;
            corner = up;
            ulong packed = Vector128.Narrow(left.AsUInt16(), default).AsUInt64().ToScalar();
            Store(row[i..], packed, pixel);
        }
        return i;
    }

    private static Vector128<short> Lanes(ReadOnlySpan<byte> bytes) =>
        Vector128.WidenLower(Vector128.CreateScalar(MemoryMarshal.Read<ulong>(bytes)).AsByte()).AsInt16();

    /// <summary>
    /// Writes the first 2, 3, 4, 6 or 8 bytes of a vector and no more: the next pixel is not to wait for this one's store.
    /// </summary>
    private static void Store(Span<byte> target, ulong packed, int count)
    {
        if (!BitConverter.IsLittleEndian)
            packed = BinaryPrimitives.ReverseEndianness(packed);
        switch (count)
        {
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)packed);
                break;
            case 3:
                BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)packed);
                target[2] = (byte)(packed >> 16);
                break;
            case 4:
                BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)packed);
                break;
            case 6:
                BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)packed);
                BinaryPrimitives.WriteUInt16LittleEndian(target[4..], (ushort)(packed >> 32));
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(target, packed);
                break;
        }
    }

    private static void UndoPaethOfBytes(Span<byte> row, ReadOnlySpan<byte> above)
    {
        above = above[..row.Length];
        // One byte waits for the one before, which is best kept at hand.
        int left = 0, corner = 0;
        for (int i = 0; i < row.Length; i++)
        {
            int up = above[i];
            row[i] = (byte)(left = row[i] + Paeth(left, up, corner) & 0xFF);
            corner = up;
        }
    }

    /// <summary>
    /// Whichever of the three is nearest to left + up - corner, the earlier one of equals; by masks, as the choice cannot be foreseen.
    /// </summary>
    private static int Paeth(int left, int up, int corner)
    {
        int a = up - corner, b = left - corner, c = Math.Abs(a + b);
        (a, b) = (Math.Abs(a), Math.Abs(b));
        int notUp = c - b >> 31, notLeft = (b - a | c - a) >> 31;
        int other = up ^ (up ^ corner) & notUp;
        return left ^ (left ^ other) & notLeft;
    }

    /// <summary>What a filter adds to a pixel, from its neighbours: lanes from 0 to 255.</summary>
    private interface IPredictor
    {
        static abstract Vector128<short> Predict(Vector128<short> left, Vector128<short> up, Vector128<short> corner);
    }

    private readonly struct LeftOne : IPredictor
    {
        public static Vector128<short> Predict(Vector128<short> left, Vector128<short> up, Vector128<short> corner) => left;
    }

    private readonly struct MeanOne : IPredictor
    {
        public static Vector128<short> Predict(Vector128<short> left, Vector128<short> up, Vector128<short> corner) => left + up >> 1;
    }

    /// <summary>Paeth's: as <see cref="Paeth"/>.</summary>
    private readonly struct NearestOne : IPredictor
    {
        public static Vector128<short> Predict(Vector128<short> left, Vector128<short> up, Vector128<short> corner)
        {
            Vector128<short> a = up - corner, b = left - corner, c = Vector128.Abs(a + b);
            (a, b) = (Vector128.Abs(a), Vector128.Abs(b));
            Vector128<short> minimum = Vector128.Min(a, Vector128.Min(b, c));
            return Vector128.ConditionalSelect(Vector128.Equals(a, minimum), left,
                Vector128.ConditionalSelect(Vector128.Equals(b, minimum), up, corner));
        }
    }
}
