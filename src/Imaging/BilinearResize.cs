using System.Runtime.Intrinsics;

namespace LungSeg.Imaging;

/// <summary>Bilinear interpolation in single precision, half-pixel centres, no antialiasing: PyTorch's align_corners=False.</summary>
internal static class BilinearResize
{
    /// <summary>Resizes height x width x channels values, channels interleaved.</summary>
    /// <exception cref="ArgumentException">The source's length does not fit its size.</exception>
    public static float[] Resize(ReadOnlySpan<float> source, int width, int height, int channels, int toWidth, int toHeight)
    {
        if (source.Length != (long)width * height * channels)
            throw new ArgumentException($"{width} x {height} x {channels} values expected, {source.Length} found", nameof(source));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(toHeight);
        if (width == toWidth && height == toHeight)
            return source.ToArray();
        float[] target = new float[(long)toWidth * toHeight * channels];
        int stride = width * channels, toStride = toWidth * channels;
        int[] left = new int[toStride], right = new int[toStride];
        float[] weight = new float[toStride];
        for (int i = 0; i < toStride; i++)
        {
            (int before, int after, weight[i]) = Position(i / channels, width, toWidth);
            (left[i], right[i]) = (before * channels + i % channels, after * channels + i % channels);
        }
        float[] first = new float[toStride], second = new float[toStride];
        (int firstRow, int secondRow) = (-1, -1);
        for (int y = 0; y < toHeight; y++)
        {
            (int upper, int lower, float w) = Position(y, height, toHeight);
            if (upper == secondRow && upper != firstRow)
                (first, second, firstRow, secondRow) = (second, first, secondRow, firstRow);
            if (upper != firstRow)
                Horizontal(source.Slice((firstRow = upper) * stride, stride), left, right, weight, first);
            if (lower != secondRow)
                Horizontal(source.Slice((secondRow = lower) * stride, stride), left, right, weight, second);
            Vertical(first, second, w, target.AsSpan(y * toStride, toStride));
        }
        return target;
    }

    /// <summary>For each target pixel of an axis: the sources before and after it, and the weight of the latter.</summary>
    public static (int[] Before, int[] After, float[] Weights) Table(int size, int toSize)
    {
        int[] before = new int[toSize], after = new int[toSize];
        float[] weights = new float[toSize];
        for (int i = 0; i < toSize; i++) (before[i], after[i], weights[i]) = Position(i, size, toSize);
        return (before, after, weights);
    }

    private static (int Before, int After, float Weight) Position(int to, int size, int toSize)
    {
        float at = Math.Max((float)size / toSize * (to + 0.5f) - 0.5f, 0f);
        int before = Math.Min((int)at, size - 1);
        return (before, Math.Min(before + 1, size - 1), at - before);
    }

    private static void Horizontal(ReadOnlySpan<float> row, int[] left, int[] right, float[] weight, float[] target)
    {
        for (int i = 0; i < target.Length; i++)
            target[i] = (1f - weight[i]) * row[left[i]] + weight[i] * row[right[i]];
    }

    private static void Vertical(float[] first, float[] second, float weight, Span<float> target)
    {
        int i = 0;
        Vector128<float> w0 = Vector128.Create(1f - weight), w1 = Vector128.Create(weight);
        for (; i <= target.Length - Vector128<float>.Count; i += Vector128<float>.Count)
            (w0 * Vector128.Create<float>(first, i) + w1 * Vector128.Create<float>(second, i)).CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] = (1f - weight) * first[i] + weight * second[i];
    }
}
