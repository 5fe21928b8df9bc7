using System.Runtime.Intrinsics;

namespace LungSeg.Imaging;

/// <summary>
/// OpenCV's cv::resize with INTER_LINEAR on 8-bit samples, bit for bit: 11-bit coefficients, no antialiasing; an exact
/// halving of both sides is a box filter.
/// </summary>
internal static class OpenCvResize
{
    private const int CoefficientOne = 1 << 11;

    /// <summary>Resizes height x width x channels bytes, channels interleaved.</summary>
    /// <exception cref="ArgumentException">The source's length does not fit its size.</exception>
    public static byte[] Linear(ReadOnlySpan<byte> source, int width, int height, int channels, int toWidth, int toHeight)
    {
        if (source.Length != (long)width * height * channels)
            throw new ArgumentException($"{width} x {height} x {channels} bytes expected, {source.Length} found", nameof(source));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toHeight);
        if (width == toWidth && height == toHeight)
            return source.ToArray();
        byte[] target = new byte[(long)toWidth * toHeight * channels];
        if (IsHalving(width, height, toWidth, toHeight))
            Halve(source, toWidth, toHeight, channels, target);
        else
            Interpolate(source, width, height, channels, toWidth, toHeight, target);
        return target;
    }

    /// <summary>Whether a resizing is an exact halving of both sides.</summary>
    public static bool IsHalving(int width, int height, int toWidth, int toHeight) => width == 2 * toWidth && height == 2 * toHeight;

    /// <summary>
    /// For each target column: the sources before and after it, and the coefficients of both, one after the other; at the borders the pixel
    /// there alone counts.
    /// </summary>
    public static (int[] Before, int[] After, int[] Coefficients) ColumnTable(int width, int toWidth)
    {
        (int[] before, int[] after, int[] weight) = Columns(width, toWidth, 1);
        return (before, after, [.. weight.SelectMany(w => (int[])[CoefficientOne - w, w])]);
    }

    /// <summary>The same for rows, whose coefficients are kept at the borders.</summary>
    public static (int[] Before, int[] After, int[] Coefficients) RowTable(int height, int toHeight)
    {
        int[] before = new int[toHeight], after = new int[toHeight], coefficients = new int[2 * toHeight];
        for (int y = 0; y < toHeight; y++)
        {
            (int row, coefficients[2 * y], coefficients[2 * y + 1]) = Position(y, height, toHeight);
            (before[y], after[y]) = (Math.Clamp(row, 0, height - 1), Math.Clamp(row + 1, 0, height - 1));
        }
        return (before, after, coefficients);
    }

    private static void Halve(ReadOnlySpan<byte> source, int toWidth, int toHeight, int channels, Span<byte> target)
    {
        int stride = toWidth * 2 * channels;
        for (int y = 0; y < toHeight; y++)
        {
            ReadOnlySpan<byte> upper = source.Slice(2 * y * stride, stride), lower = source.Slice((2 * y + 1) * stride, stride);
            Span<byte> row = target.Slice(y * toWidth * channels, toWidth * channels);
            if (channels == 1)
            {
                for (int x = 0; x < row.Length; x++)
                    row[x] = (byte)(upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2 >> 2);
                continue;
            }
            for (int x = 0, from = 0; x < row.Length; x += channels, from += 2 * channels)
                for (int c = 0; c < channels; c++)
                {
                    int left = from + c, right = left + channels;
                    row[x + c] = (byte)(upper[left] + upper[right] + lower[left] + lower[right] + 2 >> 2);
                }
        }
    }

    private static void Interpolate(
        ReadOnlySpan<byte> source, int width, int height, int channels, int toWidth, int toHeight, Span<byte> target)
    {
        (int[] left, int[] right, int[] weight) = Columns(width, toWidth, channels);
        int stride = width * channels, toStride = toWidth * channels;
        int[] first = new int[toStride], second = new int[toStride];
        (int firstRow, int secondRow) = (-1, -1);
        for (int y = 0; y < toHeight; y++)
        {
            (int row, int w0, int w1) = Position(y, height, toHeight);
            int upper = Math.Clamp(row, 0, height - 1), lower = Math.Clamp(row + 1, 0, height - 1);
            if (upper == secondRow && upper != firstRow)
                (first, second, firstRow, secondRow) = (second, first, secondRow, firstRow);
            if (upper != firstRow)
                Horizontal(source.Slice((firstRow = upper) * stride, stride), left, right, weight, first);
            if (lower != secondRow)
                Horizontal(source.Slice((secondRow = lower) * stride, stride), left, right, weight, second);
            Vertical(first, second, w0, w1, target.Slice(y * toStride, toStride));
        }
    }

    /// <summary>For each sample of a target row: its two sources, and the weight of the right one. Index and weight are clamped.</summary>
    private static (int[] Left, int[] Right, int[] Weight) Columns(int width, int toWidth, int channels)
    {
        int[] left = new int[toWidth * channels], right = new int[left.Length], weight = new int[left.Length];
        for (int x = 0; x < toWidth; x++)
        {
            (int column, _, int w1) = Position(x, width, toWidth);
            if (column < 0 || column >= width - 1)
                (column, w1) = (column < 0 ? 0 : width - 1, 0);
            for (int c = 0; c < channels; c++)
            {
                left[x * channels + c] = column * channels + c;
                right[x * channels + c] = Math.Min(column + 1, width - 1) * channels + c;
                weight[x * channels + c] = w1;
            }
        }
        return (left, right, weight);
    }

    /// <summary>The source sample before the target's centre and both coefficients; single precision as in OpenCV.</summary>
    private static (int Index, int W0, int W1) Position(int to, int size, int toSize)
    {
        double scale = 1.0 / ((double)toSize / size);
        float at = (float)((to + 0.5) * scale - 0.5);
        int index = (int)MathF.Floor(at);
        at -= index;
        return (index, (int)MathF.Round((1f - at) * CoefficientOne), (int)MathF.Round(at * CoefficientOne));
    }

    private static void Horizontal(ReadOnlySpan<byte> row, int[] left, int[] right, int[] weight, int[] sums)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            int a = row[left[i]], w = weight[i];
            sums[i] = a * CoefficientOne + (row[right[i]] - a) * w;
        }
    }

    private static void Vertical(int[] first, int[] second, int w0, int w1, Span<byte> row)
    {
        int i = 0;
        Vector128<int> v0 = Vector128.Create(w0), v1 = Vector128.Create(w1), two = Vector128.Create(2);
        Span<int> lanes = stackalloc int[Vector128<int>.Count];
        for (; i <= row.Length - Vector128<int>.Count; i += Vector128<int>.Count)
        {
            Vector128<int> a = (Vector128.Create<int>(first, i) >> 4) * v0 >> 16, b = (Vector128.Create<int>(second, i) >> 4) * v1 >> 16;
            (a + b + two >> 2).CopyTo(lanes);
            for (int k = 0; k < lanes.Length; k++)
                row[i + k] = (byte)lanes[k];
        }
        for (; i < row.Length; i++)
            row[i] = (byte)(((first[i] >> 4) * w0 >> 16) + ((second[i] >> 4) * w1 >> 16) + 2 >> 2);
    }
}
