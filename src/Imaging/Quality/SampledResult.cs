namespace LungSeg.Imaging.Quality;

/// <summary>
/// A result on a coarse grid of at least 256 points along its shorter side where the mask has as many, which is enough for what
/// flags ask and cheap: every step-th pixel of every step-th row.
/// </summary>
internal sealed class SampledResult
{
    private const int Side = 256;

    private SampledResult(int width, int height, float[] grey, byte[] lung) =>
        (Width, Height, Grey, Lung) = (width, height, grey, new LungMask(width, height, lung));

    public int Width { get; }

    public int Height { get; }

    /// <summary>Brightness, 0 to 1; colour weighed by ITU-R BT.601.</summary>
    public float[] Grey { get; }

    public LungMask Lung { get; }

    public static SampledResult Of(Radiograph image, LungMask mask)
    {
        int step = Math.Max(1, Math.Min(mask.Width, mask.Height) / Side), first = step / 2;
        int width = (mask.Width - first + step - 1) / step, height = (mask.Height - first + step - 1) / step;
        float[] grey = new float[width * height];
        byte[] lung = new byte[width * height];
        ReadOnlySpan<ushort> samples = image.Samples;
        float scale = 1f / image.MaxValue;
        for (int y = 0, to = 0; y < height; y++)
            for (int x = 0, from = (first + y * step) * mask.Width + first; x < width; x++, from += step, to++)
            {
                grey[to] = scale * (image.Channels == 1
                    ? samples[from]
                    : 0.299f * samples[3 * from] + 0.587f * samples[3 * from + 1] + 0.114f * samples[3 * from + 2]);
                lung[to] = mask.Pixels[from];
            }
        return new SampledResult(width, height, grey, lung);
    }

    /// <summary>The brightness that a share of the points do not exceed, and the same for another share, in steps of 16 bits.</summary>
    public (float Low, float High) Percentiles(double lowShare, double highShare)
    {
        int[] counts = new int[1 << 16];
        foreach (float value in Grey)
            counts[(int)(value * ushort.MaxValue + 0.5f)]++;
        return (Percentile(counts, lowShare), Percentile(counts, highShare));
    }

    private float Percentile(int[] counts, double share)
    {
        int rank = (int)(share * (Grey.Length - 1)), value = 0;
        for (int below = counts[0]; below <= rank; below += counts[value])
            value++;
        return (float)value / ushort.MaxValue;
    }
}
