namespace LungSeg.Imaging.Scoring;

/// <summary>
/// Bicubic interpolation in single precision with a = -0.75, half-pixel centres, no clamping: PyTorch's
/// <c>interpolate(mode="bicubic")</c>, rounded
/// where its CPU kernels round (found from recorded values: sums are fused, differences are not). With antialiasing the window widens
/// where an
/// axis is reduced.
/// </summary>
internal static class BicubicResize
{
    private const float A = -0.75f;

    /// <summary>Resizes a plane of height x width values.</summary>
    public static float[] Resize(ReadOnlySpan<float> source, int width, int height, int toWidth, int toHeight, bool antialias = false)
    {
        if (source.Length != (long)width * height)
            throw new ArgumentException($"{width} x {height} values expected, {source.Length} found", nameof(source));
        (int[][] columns, float[][] columnWeights) = Taps(width, toWidth, antialias);
        (int[][] rows, float[][] rowWeights) = Taps(height, toHeight, antialias);
        float[] across = new float[height * toWidth], target = new float[toHeight * toWidth];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<float> row = source.Slice(y * width, width);
            for (int x = 0; x < toWidth; x++) across[(y * toWidth) + x] = Sum(row, columns[x], columnWeights[x]);
        }
        for (int y = 0; y < toHeight; y++)
        {
            for (int x = 0; x < toWidth; x++) target[(y * toWidth) + x] = Sum(across.AsSpan(x), rows[y], rowWeights[y], toWidth);
        }
        return target;
    }

    // Begins with the second product.
    private static float Sum(ReadOnlySpan<float> values, int[] taps, float[] weights, int stride = 1)
    {
        if (taps.Length == 1) return values[taps[0] * stride] * weights[0];
        float sum = MathF.FusedMultiplyAdd(values[taps[0] * stride], weights[0], values[taps[1] * stride] * weights[1]);
        for (int i = 2; i < taps.Length; i++) sum = MathF.FusedMultiplyAdd(values[taps[i] * stride], weights[i], sum);
        return sum;
    }

    // For each target pixel of an axis its source pixels, those beyond the border replaced by the border's, and their weights.
    private static (int[][] Pixels, float[][] Weights) Taps(int size, int toSize, bool antialias)
    {
        float scale = (float)size / toSize, stretch = antialias ? Math.Max(scale, 1) : 1;
        int[][] pixels = new int[toSize][];
        float[][] weights = new float[toSize][];
        for (int to = 0; to < toSize; to++)
        {
            float at = MathF.FusedMultiplyAdd(scale, to + 0.5f, -0.5f);
            if (stretch > 1) (pixels[to], weights[to]) = Wide(at, stretch, size);
            else (pixels[to], weights[to]) = Narrow(at, size);
        }
        return (pixels, weights);
    }

    private static (int[] Pixels, float[] Weights) Narrow(float at, int size)
    {
        int before = (int)MathF.Floor(at);
        float t = at - before;
        return (
            [.. Enumerable.Range(before - 1, 4).Select(pixel => Math.Clamp(pixel, 0, size - 1))],
            [Outer(t + 1), Inner(t), Inner(1 - t), Outer(1 - t + 1)]);
    }

    private static (int[] Pixels, float[] Weights) Wide(float at, float stretch, int size)
    {
        int first = Math.Max((int)MathF.Ceiling(at - (2 * stretch)), 0), last = Math.Min((int)MathF.Floor(at + (2 * stretch)), size - 1);
        int[] pixels = [.. Enumerable.Range(first, last - first + 1)];
        float[] weights = Array.ConvertAll(pixels, pixel => Kernel(MathF.Abs(pixel - at) / stretch));
        float sum = weights.Sum();
        return (pixels, Array.ConvertAll(weights, weight => weight / sum));
    }

    private static float Kernel(float distance) => distance <= 1 ? Inner(distance) : distance < 2 ? Outer(distance) : 0;

    private static float Inner(float x) => ((((A + 2) * x) - (A + 3)) * x * x) + 1;

    private static float Outer(float x) => (MathF.FusedMultiplyAdd((A * x) - (5 * A), x, 8 * A) * x) - (4 * A);
}
