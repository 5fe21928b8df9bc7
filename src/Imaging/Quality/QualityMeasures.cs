using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Quality;

/// <summary>What is measured of an image, its mask and its probabilities to raise flags by.</summary>
public sealed record QualityMeasures
{
    /// <summary>Lung pixels as a share of the mask's.</summary>
    public required double LungShare { get; init; }

    /// <summary>Pixels with a probability from 0.1 to 0.9 for each lung pixel; both as shares of their maps.</summary>
    public required double UncertainRatio { get; init; }

    /// <summary>
    /// Mean brightness of a band around the lungs less that of the lungs, in units of the image's range (1st to 99th percentile).
    /// </summary>
    public required double Contrast { get; init; }

    /// <summary>Area of the second largest part divided by that of the largest.</summary>
    public required double SecondPartShare { get; init; }

    /// <summary>
    /// How far the lungs are turned, in degrees clockwise: the mean of the tilt of their long axes and of the line between them; null
    /// without two parts.
    /// </summary>
    public required double? TiltDegrees { get; init; }

    /// <summary>Mean brightness of the middle of the lowest sixth of the image less that of the highest, in units of the range.</summary>
    public required double BottomOverTop { get; init; }

    /// <summary>Correlation of the image with its mirror image, left for right, at the best place of the mirror.</summary>
    public required double LeftRightSymmetry { get; init; }

    /// <summary>The same, top for bottom.</summary>
    public required double TopBottomSymmetry { get; init; }

    /// <summary>Pixels that are clearly coloured, as a share.</summary>
    public required double ColorShare { get; init; }

    /// <summary>
    /// How much the coloured pixels share one hue: 1 for a film that is tinted as a whole, 0 for hues all round; 0 without colour.
    /// </summary>
    public required double HueConcentration { get; init; }

    /// <summary>The brightness that 99 % of the pixels do not exceed, 0 to 1.</summary>
    public required double Brightest { get; init; }

    /// <summary>Whether the image shows one value only.</summary>
    public required bool IsFlat { get; init; }

    /// <summary>How much of each side of the exposed field is lung: left, top, right, bottom; 0 to 1.</summary>
    public required IReadOnlyList<double> CutShares { get; init; }

    /// <summary>
    /// The share of its bounding box that a single object fills whose background is even and reaches all round it; null where there is
    /// none.
    /// </summary>
    public required double? IslandFill { get; init; }

    /// <summary>Measures a result.</summary>
    public static QualityMeasures Of(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Radiograph image = result.ImageUnderMask();
        SampledResult sampled = SampledResult.Of(image, result.Mask);
        (float low, float high) = sampled.Percentiles(0.01, 0.99);
        float range = Math.Max(high - low, 1e-6f);
        double lungShare = (double)sampled.Lung.Area / sampled.Grey.Length;
        ConnectedComponents parts = ConnectedComponents.Of(sampled.Lung);
        Component[] largest = [.. parts.Components.OrderByDescending(c => c.Area).Take(2)];
        (double leftRight, double topBottom) = Symmetry.Of(sampled);
        (double Share, double Concentration) color = Colored(result.Image);
        return new QualityMeasures
        {
            LungShare = lungShare,
            UncertainRatio = UncertainShare(result.Probabilities) / Math.Max(lungShare, 1e-6),
            Contrast = LungContrast.Of(sampled) / range,
            SecondPartShare = largest.Length == 2 ? (double)largest[1].Area / largest[0].Area : 0,
            TiltDegrees = largest.Length == 2 ? Tilt.Of(parts, sampled.Width, largest[0], largest[1]) : null,
            BottomOverTop = BandMean(sampled, 5, 6) / range - BandMean(sampled, 0, 1) / range,
            LeftRightSymmetry = leftRight,
            TopBottomSymmetry = topBottom,
            ColorShare = color.Share,
            HueConcentration = color.Concentration,
            Brightest = high,
            IsFlat = high <= low,
            CutShares = ExposedField.Of(image).LungAtSides(result.Mask),
            IslandFill = Island.FillOf(sampled, range),
        };
    }

    private static double UncertainShare(ProbabilityMap map)
    {
        int step = Math.Max(1, Math.Min(map.Width, map.Height) / 512), seen = 0, uncertain = 0;
        for (int y = step / 2; y < map.Height; y += step)
            for (int x = step / 2; x < map.Width; x += step)
            {
                seen++;
                if (LungUncertainty.IsUncertain(map.Values[y * map.Width + x]))
                    uncertain++;
            }
        return (double)uncertain / seen;
    }

    /// <summary>Mean of the middle half of the columns, in the rows from one sixth of the height to another.</summary>
    private static double BandMean(SampledResult s, int fromSixth, int toSixth)
    {
        double sum = 0;
        int count = 0, left = s.Width / 4, right = s.Width - left;
        for (int y = s.Height * fromSixth / 6; y < s.Height * toSixth / 6; y++)
            for (int x = left; x < right; x++, count++)
                sum += s.Grey[y * s.Width + x];
        return sum / count;
    }

    /// <summary>
    /// Pixels whose channels differ by more than an eighth of the range, as a share, and the length of the mean of their hues' directions.
    /// </summary>
    private static (double Share, double Concentration) Colored(Radiograph image)
    {
        if (image.Channels == 1)
            return (0, 0);
        ReadOnlySpan<ushort> s = image.Samples;
        int limit = image.MaxValue / 8;
        long colored = 0;
        (double x, double y) = (0, 0);
        for (int i = 0; i < s.Length; i += 3)
        {
            if (Math.Max(s[i], Math.Max(s[i + 1], s[i + 2])) - Math.Min(s[i], Math.Min(s[i + 1], s[i + 2])) <= limit)
                continue;
            colored++;
            // Red, green and blue lie 120 degrees apart.
            (double dx, double dy) = (s[i] - (s[i + 1] + s[i + 2]) / 2.0, (s[i + 1] - s[i + 2]) * Math.Sqrt(3) / 2);
            double length = Math.Sqrt(dx * dx + dy * dy);
            (x, y) = (x + dx / length, y + dy / length);
        }
        return ((double)colored / (s.Length / 3), colored == 0 ? 0 : Math.Sqrt(x * x + y * y) / colored);
    }
}
