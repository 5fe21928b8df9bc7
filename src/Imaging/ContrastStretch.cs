namespace LungSeg.Imaging;

/// <summary>
/// The brightness that a network sees as black and as white where an image uses a sliver of its range. Networks were trained on images that
/// use most of it, and find little in one that does not.
/// </summary>
/// <param name="Low">The sample, of the image's own depth, that becomes 0.</param>
/// <param name="High">The sample that becomes full brightness.</param>
public readonly record struct ContrastStretch(int Low, int High)
{
    /// <summary>An image is stretched where less than this share of its depth lies between the percentiles.</summary>
    internal const double Sliver = 0.1;

    /// <summary>The share of pixels that may become black, and that may become white.</summary>
    private const double Tail = 0.02;

    /// <summary>Percentiles are taken on a grid of at least so many points along the image's shorter side.</summary>
    private const int Side = 512;

    /// <summary>
    /// The stretch from the 2nd to the 98th percentile that an image needs; null where it uses its range, or has one value only.
    /// </summary>
    public static ContrastStretch? Of(Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(image);
        int[] counts = new int[image.MaxValue + 1];
        int step = Math.Max(1, Math.Min(image.Width, image.Height) / Side), points = 0;
        ReadOnlySpan<ushort> samples = image.Samples;
        for (int y = step / 2; y < image.Height; y += step)
            for (int x = step / 2; x < image.Width; x += step, points++)
            {
                int at = (y * image.Width + x) * image.Channels;
                counts[image.Channels == 1 ? samples[at]
                    : (samples[at] * 4899 + samples[at + 1] * 9617 + samples[at + 2] * 1868 + 8192) >> 14]++;
            }
        (int low, int high) = (Percentile(counts, Tail * points), Percentile(counts, (1 - Tail) * points));
        return high > low && high - low < Sliver * image.MaxValue ? new ContrastStretch(low, high) : null;
    }

    /// <summary>The image with its samples stretched, and cut off at black and white.</summary>
    public Radiograph Apply(Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(image);
        ushort[] samples = new ushort[image.Samples.Length];
        int max = image.MaxValue, range = Math.Max(1, High - Low);
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (ushort)Math.Clamp(((long)image.Samples[i] - Low) * max / range, 0, max);
        return new Radiograph(image.Width, image.Height, image.Channels, image.BitDepth, samples);
    }

    /// <summary>The stretch as one phrase.</summary>
    public override string ToString() => $"stretched from {Low} to {High}";

    private static int Percentile(int[] counts, double rank)
    {
        int value = 0;
        for (long below = counts[0]; below <= rank && value < counts.Length - 1; below += counts[value])
            value++;
        return value;
    }
}
