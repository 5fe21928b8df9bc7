using System.Runtime.CompilerServices;
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
                for (int i = Math.Max(pixel, UndoSub(row, pixel)); i < row.Length; i++)
                    row[i] += row[i - pixel];
                break;
            case Up:
                Add(row, above);
                break;
            case Average:
                for (int i = UndoAverage(row, above, pixel); i < row.Length; i++)
                    row[i] += (byte)((i < pixel ? 0 : row[i - pixel]) + above[i] >> 1);
                break;
            case PaethKind:
                for (int i = UndoPaeth(row, above, pixel); i < row.Length; i++)
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
    /// Undoes Sub for as many whole pixels as a vector holds, at a time: within the vector by sums of growing stretches, then all with the
    /// last pixel before. Returns where it stopped.
    /// </summary>
    private static int UndoSub(Span<byte> row, int pixel)
    {
        int step = Vector128<byte>.Count / pixel * pixel, i = 0;
        Vector128<byte> one = Behind(pixel), two = Behind(2 * pixel), four = Behind(4 * pixel), eight = Behind(8 * pixel);
        Vector128<byte> end = Behind(sizeof(ulong) - step), last = default, before = default;
        for (int lane = 0; lane < Vector128<byte>.Count; lane++) last = last.WithElement(lane, (byte)(step - pixel + lane % pixel));
        for (; i <= row.Length - Vector128<byte>.Count; i += step)
        {
            Vector128<byte> sum = Vector128.Create<byte>(row[i..]);
            sum += Vector128.ShuffleNative(sum, one);
            sum += Vector128.ShuffleNative(sum, two);
            sum += Vector128.ShuffleNative(sum, four);
            sum += Vector128.ShuffleNative(sum, eight);
            sum += before;
            before = Vector128.ShuffleNative(sum, last);
            // No byte behind the last whole pixel is touched.
            sum.GetLower().CopyTo(row[i..]);
            Vector128.ShuffleNative(sum, end).GetLower().CopyTo(row[(i + step - sizeof(ulong))..]);
        }
        return i;

        // Indices of lanes so far behind; those before the first are so large that they stand for zero.
        static Vector128<byte> Behind(int distance) => Vector128<byte>.Indices - Vector128.Create((byte)distance);
    }

    /// <summary>
    /// Undoes Average, where each pixel waits for the one before, all bytes of a pixel at once. Returns where it stopped, at the last
    /// pixels.
    /// </summary>
    private static int UndoAverage(Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        int i = 0;
        Vector128<byte> left = default, half = Vector128.Create((byte)0x7F);
        ref byte first = ref MemoryMarshal.GetReference(row), firstAbove = ref MemoryMarshal.GetReference(above[..row.Length]);
        // Eight bytes are read and those of a pixel written; what the lanes behind it hold goes nowhere.
        for (; BitConverter.IsLittleEndian && i <= row.Length - sizeof(ulong); i += pixel)
        {
            Vector128<byte> up = Bytes(ref Unsafe.Add(ref firstAbove, i));
            // The mean rounded down, without a ninth bit.
            Vector128<byte> mean = (left & up) + (((left ^ up).AsUInt16() >> 1).AsByte() & half);
            left = Bytes(ref Unsafe.Add(ref first, i)) + mean;
            Store(ref Unsafe.Add(ref first, i), left.AsUInt64().ToScalar(), pixel);
        }
        return i;
    }

    /// <summary>The same for Paeth.</summary>
    private static int UndoPaeth(Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        int i = 0;
        Vector128<short> left = default, corner = default, bytes = Vector128.Create((short)0xFF);
        ref byte first = ref MemoryMarshal.GetReference(row), firstAbove = ref MemoryMarshal.GetReference(above[..row.Length]);
        for (; BitConverter.IsLittleEndian && i <= row.Length - sizeof(ulong); i += pixel)
        {
            Vector128<short> up = Lanes(ref Unsafe.Add(ref firstAbove, i));
            left = Lanes(ref Unsafe.Add(ref first, i)) + Nearest(left, up, corner) & bytes;
            corner = up;
            Store(ref Unsafe.Add(ref first, i), Vector128.Narrow(left.AsUInt16(), default).AsUInt64().ToScalar(), pixel);
        }
        return i;
    }

    private static Vector128<byte> Bytes(ref byte bytes) => Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref bytes)).AsByte();

    private static Vector128<short> Lanes(ref byte bytes) =>
        Vector128.WidenLower(Bytes(ref bytes)).AsInt16();

    /// <summary>
    /// Writes the first 1, 2, 3, 4, 6 or 8 bytes of a vector and no more: the next pixel is not to wait for this one's store.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref byte target, ulong packed, int count)
    {
        // A call, or a jump table, would have the vectors of the loop wait in memory.
        if (count == 1)
        {
            target = (byte)packed;
        }
        else if (count == 3)
        {
            Unsafe.WriteUnaligned(ref target, (ushort)packed);
            Unsafe.Add(ref target, 2) = (byte)(packed >> 16);
        }
        else if (count == 2)
        {
            Unsafe.WriteUnaligned(ref target, (ushort)packed);
        }
        else if (count == sizeof(ulong))
        {
            Unsafe.WriteUnaligned(ref target, packed);
        }
        else
        {
            Unsafe.WriteUnaligned(ref target, (uint)packed);
            if (count == 6) Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, 4), (ushort)(packed >> 32));
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

    /// <summary>The same for lanes from 0 to 255.</summary>
    private static Vector128<short> Nearest(Vector128<short> left, Vector128<short> up, Vector128<short> corner)
    {
        Vector128<short> a = up - corner, b = left - corner, c = Vector128.Abs(a + b);
        (a, b) = (Vector128.Abs(a), Vector128.Abs(b));
        Vector128<short> minimum = Vector128.Min(a, Vector128.Min(b, c));
        return Vector128.ConditionalSelect(Vector128.Equals(a, minimum), left,
            Vector128.ConditionalSelect(Vector128.Equals(b, minimum), up, corner));
    }
}
