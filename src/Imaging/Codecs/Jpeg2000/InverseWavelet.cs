using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LungSeg.IO;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// The inverse wavelet transforms (ISO/IEC 15444-1, annex F) in place: 5/3 on whole numbers, 9/7 on floating point ones. Both lift the even
/// samples by the odd ones beside them and the odd ones by the even; along a row the neighbours are one number apart, down a strip of
/// columns as many as it is wide, so that one routine does both.
/// </summary>
internal static class InverseWavelet
{
    private const int Strip = 16, RowsAtOnce = 32;
    private const float Alpha = -1.586134342f, Beta = -0.052980118f, Gamma = 0.882911075f, Delta = 0.443506852f, EvenScale = 1.230174105f;

    // 1 / 1.230174105 is 0.812893066. OpenJPEG's factor is taken, with which deep images come out as most programs show them.
    private const float OddScale = 1.625732422f / 2;

    /// <summary>Goes from the lowest resolution up to the component's own.</summary>
    public static void Apply(int[] coefficients, TileComponent component, ParallelOptions options)
    {
        for (int r = 1; r < component.Resolutions.Length; r++)
            Apply(coefficients, component.Area.Width, component.Resolutions[r - 1].Area, component.Resolutions[r].Area,
                component.Style.IsReversible, options);
    }

    private static void Apply(int[] coefficients, int stride, Area lower, Area area, bool reversible, ParallelOptions options)
    {
        if (area.IsEmpty)
            return;
        AllProcessors.For((area.Height + RowsAtOnce - 1) / RowsAtOnce, options, part =>
        {
            int[] buffer = ArrayPool<int>.Shared.Rent(area.Width + 4);
            for (int y = part * RowsAtOnce; y < Math.Min(area.Height, (part + 1) * RowsAtOnce); y++)
            {
                Span<int> row = coefficients.AsSpan(y * stride, area.Width);
                (Range evens, Range odds) = Split(area.Width, lower.Width, 1);
                row[..lower.Width].CopyTo(buffer.AsSpan(evens));
                row[lower.Width..].CopyTo(buffer.AsSpan(odds));
                Lift(buffer, evens, odds, 1, (area.X0 & 1) != 0, reversible);
                Interleave(buffer.AsSpan(evens), buffer.AsSpan(odds), row, (area.X0 & 1) != 0);
            }
            ArrayPool<int>.Shared.Return(buffer);
        });
        AllProcessors.For((area.Width + Strip - 1) / Strip, options, part =>
        {
            int left = part * Strip, width = Math.Min(Strip, area.Width - left), first = area.Y0 & 1;
            int[] buffer = ArrayPool<int>.Shared.Rent((area.Height + 4) * width);
            (Range evens, Range odds) = Split(area.Height, lower.Height, width);
            for (int y = 0; y < area.Height; y++)
            {
                int to = y < lower.Height ? evens.Start.Value + y * width : odds.Start.Value + (y - lower.Height) * width;
                coefficients.AsSpan(y * stride + left, width).CopyTo(buffer.AsSpan(to));
            }
            Lift(buffer, evens, odds, width, first != 0, reversible);
            for (int y = 0; y < area.Height; y++)
            {
                int from = ((y + first & 1) == 0 ? evens.Start.Value : odds.Start.Value) + (y >> 1) * width;
                buffer.AsSpan(from, width).CopyTo(coefficients.AsSpan(y * stride + left));
            }
            ArrayPool<int>.Shared.Return(buffer);
        });
    }

    /// <summary>Where even and odd samples lie in a buffer, with room for one before and one behind each.</summary>
    private static (Range Evens, Range Odds) Split(int count, int even, int unit) =>
        (unit..((even + 1) * unit), ((even + 3) * unit)..((count + 3) * unit));

    private static void Lift(int[] buffer, Range evens, Range odds, int unit, bool startsOdd, bool reversible)
    {
        (int even, int odd) = (evens.Start.Value, odds.Start.Value);
        (int evenCount, int oddCount) = (evens.End.Value - even, odds.End.Value - odd);
        if (evenCount == 0 || oddCount == 0)
        {
            // A single sample: an odd one was doubled.
            for (int i = odd; i < odd + oddCount; i++)
                buffer[i] = reversible ? buffer[i] / 2 : BitConverter.SingleToInt32Bits(BitConverter.Int32BitsToSingle(buffer[i]) / 2);
            return;
        }
        // The neighbours of even sample i are odd ones i - 1 and i where the first sample is even, else i and i + 1; those of odd ones
        // accordingly.
        int before = startsOdd ? 0 : -unit;
        if (reversible)
        {
            Extend(buffer, odd, oddCount, unit);
            LiftEven(buffer.AsSpan(even, evenCount), buffer.AsSpan(odd + before), buffer.AsSpan(odd + before + unit));
            Extend(buffer, even, evenCount, unit);
            LiftOdd(buffer.AsSpan(odd, oddCount), buffer.AsSpan(even - unit - before), buffer.AsSpan(even - before));
            return;
        }
        Span<float> values = MemoryMarshal.Cast<int, float>(buffer.AsSpan());
        Multiply(values.Slice(even, evenCount), EvenScale);
        Multiply(values.Slice(odd, oddCount), OddScale);
        foreach ((float toEven, float toOdd) in (ReadOnlySpan<(float, float)>)[(Delta, Gamma), (Beta, Alpha)])
        {
            Extend(buffer, odd, oddCount, unit);
            Lift(values.Slice(even, evenCount), values[(odd + before)..], values[(odd + before + unit)..], toEven);
            Extend(buffer, even, evenCount, unit);
            Lift(values.Slice(odd, oddCount), values[(even - unit - before)..], values[(even - before)..], toOdd);
        }
    }

    /// <summary>Beyond its ends a signal goes on as its mirror image.</summary>
    private static void Extend(int[] buffer, int start, int count, int unit)
    {
        buffer.AsSpan(start, unit).CopyTo(buffer.AsSpan(start - unit));
        buffer.AsSpan(start + count - unit, unit).CopyTo(buffer.AsSpan(start + count));
    }

    private static void LiftEven(Span<int> target, ReadOnlySpan<int> one, ReadOnlySpan<int> other)
    {
        int i = 0;
        one = one[..target.Length];
        other = other[..target.Length];
        for (; i <= target.Length - Vector128<int>.Count; i += Vector128<int>.Count)
        {
            Vector128<int> sum = Vector128.Create<int>(one[i..]) + Vector128.Create<int>(other[i..]) + Vector128.Create(2);
            (Vector128.Create<int>(target[i..]) - (sum >> 2)).CopyTo(target[i..]);
        }
        for (; i < target.Length; i++)
            target[i] -= one[i] + other[i] + 2 >> 2;
    }

    private static void LiftOdd(Span<int> target, ReadOnlySpan<int> one, ReadOnlySpan<int> other)
    {
        int i = 0;
        one = one[..target.Length];
        other = other[..target.Length];
        for (; i <= target.Length - Vector128<int>.Count; i += Vector128<int>.Count)
            (Vector128.Create<int>(target[i..]) + (Vector128.Create<int>(one[i..]) + Vector128.Create<int>(other[i..]) >> 1))
                .CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] += one[i] + other[i] >> 1;
    }

    private static void Lift(Span<float> target, ReadOnlySpan<float> one, ReadOnlySpan<float> other, float factor)
    {
        int i = 0;
        one = one[..target.Length];
        other = other[..target.Length];
        for (; i <= target.Length - Vector128<float>.Count; i += Vector128<float>.Count)
            (Vector128.Create<float>(target[i..]) - (Vector128.Create<float>(one[i..]) + Vector128.Create<float>(other[i..])) * factor)
                .CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] -= (one[i] + other[i]) * factor;
    }

    private static void Multiply(Span<float> target, float factor)
    {
        int i = 0;
        for (; i <= target.Length - Vector128<float>.Count; i += Vector128<float>.Count)
            (Vector128.Create<float>(target[i..]) * factor).CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] *= factor;
    }

    private static void Interleave(ReadOnlySpan<int> evens, ReadOnlySpan<int> odds, Span<int> row, bool startsOdd)
    {
        ReadOnlySpan<int> first = startsOdd ? odds : evens, second = startsOdd ? evens : odds;
        int i = 0;
        for (; i <= second.Length - Vector128<int>.Count; i += Vector128<int>.Count)
        {
            Vector128<uint> left = Vector128.Create<int>(first[i..]).AsUInt32(), right = Vector128.Create<int>(second[i..]).AsUInt32();
            Vector128<ulong> low = Vector128.WidenLower(left) | Vector128.WidenLower(right) << 32;
            Vector128<ulong> high = Vector128.WidenUpper(left) | Vector128.WidenUpper(right) << 32;
            low.AsInt32().CopyTo(row[(2 * i)..]);
            high.AsInt32().CopyTo(row[(2 * i + Vector128<int>.Count)..]);
        }
        for (; i < first.Length; i++)
        {
            row[2 * i] = first[i];
            if (i < second.Length)
                row[2 * i + 1] = second[i];
        }
    }
}
