using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Quality;

/// <summary>
/// How undecided the network is near each lung: the number of pixels with a probability from 0.1 to 0.9 that are nearer to this lung than
/// to the other, for each pixel of the lung. A number to sort by, and no verdict. Counted on a grid of at least 512 points along the
/// shorter side.
/// </summary>
public sealed record LungUncertainty
{
    private const int Side = 512;
    private const float Lowest = 0.1f, Highest = 0.9f;

    private LungUncertainty(IReadOnlyDictionary<LungSide, double> ratios) => Ratios = ratios;

    /// <summary>The number of each side that has a lung.</summary>
    public IReadOnlyDictionary<LungSide, double> Ratios { get; }

    /// <summary>The number of a side; null where it has no lung.</summary>
    public double? Of(LungSide side) => Ratios.TryGetValue(side, out double ratio) ? ratio : null;

    /// <summary>Whether a probability is neither near 0 nor near 1.</summary>
    public static bool IsUncertain(float probability) => probability is >= Lowest and <= Highest;

    /// <summary>
    /// What is measured: 1 at a probability of a half, down to 0 at 0 and 1. The probabilities are the mean of the image's and of its
    /// mirror image's, where that was segmented too.
    /// </summary>
    public static ProbabilityMap MapOf(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        ProbabilityMap mean = result.MeanProbabilities;
        float[] map = new float[mean.Values.Length];
        for (int i = 0; i < map.Length; i++)
            map[i] = Math.Clamp(1 - Math.Abs(2 * mean.Values[i] - 1), 0, 1);
        return new ProbabilityMap(mean.Width, mean.Height, map);
    }

    /// <summary>Measures a result.</summary>
    public static LungUncertainty Of(LungSegmentation result)
    {
        ArgumentNullException.ThrowIfNull(result);
        SidedMask mask = result.Sided;
        ProbabilityMap map = result.MeanProbabilities;
        int step = Math.Max(1, Math.Min(mask.Width, mask.Height) / Side), first = step / 2;
        int width = (mask.Width - first + step - 1) / step, height = (mask.Height - first + step - 1) / step;
        byte[] sides = new byte[width * height];
        bool[] uncertain = new bool[sides.Length];
        int[] lung = new int[byte.MaxValue + 1], doubtful = new int[lung.Length], columns = new int[width];
        // The study's own steps leave the map at the network's size.
        for (int x = 0; x < width; x++) columns[x] = (int)((2L * (first + x * step) + 1) * map.Width / (2L * mask.Width));
        for (int y = 0, to = 0; y < height; y++)
        {
            int row = first + y * step;
            ReadOnlySpan<byte> rowSides = mask.Sides.AsSpan(row * mask.Width, mask.Width);
            ReadOnlySpan<float> values = map.Values.Slice((int)((2L * row + 1) * map.Height / (2L * mask.Height)) * map.Width, map.Width);
            for (int x = 0, column = first; x < width; x++, column += step, to++)
            {
                sides[to] = rowSides[column];
                uncertain[to] = IsUncertain(values[columns[x]]);
                lung[sides[to]]++;
            }
        }
        byte[] territory = LungTerritory.Of(sides, width, height, uncertain);
        for (int i = 0; i < territory.Length; i++)
        {
            if (uncertain[i]) doubtful[territory[i]]++;
        }
        Dictionary<LungSide, double> ratios = [];
        foreach (LungSide side in Enum.GetValues<LungSide>())
        {
            if (mask.Statistics.Of(side) is null) continue;
            byte value = SidedMask.ValueOf(side);
            ratios[side] = (double)doubtful[value] / Math.Max(1, lung[value]);
        }
        return new LungUncertainty(ratios);
    }
}
