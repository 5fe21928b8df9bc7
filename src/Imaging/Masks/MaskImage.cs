namespace LungSeg.Imaging.Masks;

/// <summary>
/// An image that holds a mask or a probability map, in any of the codings in which masks are found: 0 and 255, 0 and 1, 0 and another
/// value, black and one colour, or a shape in the alpha channel of an image of one colour. Several labels are told apart from both, so that
/// none is taken for background unnoticed.
/// </summary>
internal sealed class MaskImage
{
    private const int MaxLevels = 32, MaxColors = 16;

    /// <summary>
    /// How much of an image a plateau between background and highest value takes that is a label, and no edge that was smoothed.
    /// </summary>
    private const double LabelShare = 0.001, LossyLabelShare = 0.01;

    /// <summary>How far, relative to the highest value, a label lies from background and from the highest.</summary>
    private const double Margin = 0.05, LossyMargin = 0.12, LossyNoise = 0.06;

    private MaskImage(int width, int height, float[] values, IReadOnlyList<string> labels) =>
        (Width, Height, Values, Labels) = (width, height, values, labels);

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Height x width values from 0 to 1; of several labels 1 for each that is not background.</summary>
    public float[] Values { get; }

    /// <summary>
    /// The values or colours of an image of more than two labels, such as "0", "127", "255"; empty for a mask and for a map.
    /// </summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Reads an image's values.</summary>
    /// <exception cref="ImageException">The image is in colours of which none is background, or in more than a few.</exception>
    public static MaskImage Of(Radiograph image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Alpha is { } alpha)
            return OfGrey(image, alpha);
        if (image.Channels == 1)
            return OfGrey(image, image.Samples);
        ReadOnlySpan<ushort> samples = image.Samples;
        ushort[] grey = new ushort[samples.Length / 3];
        bool isGrey = true;
        for (int i = 0; i < grey.Length && isGrey; i++)
        {
            grey[i] = samples[3 * i];
            isGrey = samples[3 * i] == samples[3 * i + 1] && samples[3 * i] == samples[3 * i + 2];
        }
        return isGrey ? OfGrey(image, grey) : OfColors(image);
    }

    private static MaskImage OfColors(Radiograph image)
    {
        ReadOnlySpan<ushort> samples = image.Samples;
        HashSet<(ushort, ushort, ushort)> colors = [];
        float[] values = new float[samples.Length / 3];
        for (int i = 0; i < values.Length && colors.Count <= MaxColors; i++)
        {
            (ushort, ushort, ushort) color = (samples[3 * i], samples[3 * i + 1], samples[3 * i + 2]);
            colors.Add(color);
            values[i] = color == default ? 0 : 1;
        }
        if (colors.Count > MaxColors)
            throw new ImageException(
                $"{image.Name}: a colour image is no mask and no probability map: black and white, or black and one colour was expected");
        if (!colors.Contains(default))
            throw new ImageException(
                $"{image.Name}: of the {colors.Count} colours of this image none is black, so that the background of the mask is unknown");
        string[] names = [.. colors.Order().Select(c => $"({c.Item1}, {c.Item2}, {c.Item3})")];
        return new MaskImage(image.Width, image.Height, values, colors.Count > 2 ? names : []);
    }

    private static MaskImage OfGrey(Radiograph image, ReadOnlySpan<ushort> samples)
    {
        (int width, int height) = (image.Width, image.Height);
        int[] counts = new int[image.MaxValue + 1];
        foreach (ushort sample in samples)
            counts[sample]++;
        int highest = Array.FindLastIndex(counts, c => c > 0), levels = counts.Count(c => c > 0);
        bool lossy = image.Description.StartsWith("JPEG", StringComparison.Ordinal);
        float[] values = new float[samples.Length];
        if (highest > 0 && levels > 2 && (lossy || levels <= MaxLevels)
            && Labelled(samples, width, height, highest, lossy) is { Count: > 0 } labels)
        {
            if (counts[0] == 0)
                throw new ImageException(
                    $"{image.Name}: of the labels {string.Join(", ", labels)} of this image none is 0, so that the background of the "
                    + "mask is unknown");
            int minimum = (int)(lossy ? LossyMargin * highest : 0);
            for (int i = 0; i < values.Length; i++)
                values[i] = samples[i] > minimum ? 1 : 0;
            return new MaskImage(width, height, values, [.. labels.Append(0).Append(highest).Distinct().Order().Select(l => $"{l}")]);
        }
        // 0 and one other value are a mask, however dark that value is.
        float full = levels == 2 && counts[0] > 0 ? highest : image.MaxValue;
        for (int i = 0; i < values.Length; i++)
            values[i] = samples[i] / full;
        return new MaskImage(width, height, values, []);
    }

    /// <summary>The values of plateaus between background and highest value; empty where there are smoothed edges at most.</summary>
    private static List<int> Labelled(ReadOnlySpan<ushort> samples, int width, int height, int highest, bool lossy)
    {
        double margin = lossy ? LossyMargin : Margin, low = margin * highest, high = (1 - margin) * highest;
        int noise = lossy ? (int)(LossyNoise * highest) : 0;
        Dictionary<int, int> counts = [];
        for (int y = 1; y < height - 1; y++)
            for (int x = 1; x < width - 1; x++)
            {
                int at = y * width + x, value = samples[at];
                if (value <= low || value >= high)
                    continue;
                bool inside = true;
                for (int row = at - width - 1; row <= at + width - 1 && inside; row += width)
                    inside = Math.Abs(samples[row] - value) <= noise && Math.Abs(samples[row + 1] - value) <= noise
                        && Math.Abs(samples[row + 2] - value) <= noise;
                if (inside)
                    counts[value] = counts.GetValueOrDefault(value) + 1;
            }
        if (counts.Values.Sum() < (lossy ? LossyLabelShare : LabelShare) * samples.Length)
            return [];
        // Of values that noise has spread, the most frequent stands for its neighbours.
        List<int> labels = [];
        foreach ((int value, _) in counts.OrderByDescending(c => c.Value))
            if (!labels.Exists(l => Math.Abs(l - value) <= 4 * noise) && labels.Count < 8)
                labels.Add(value);
        return labels;
    }
}
