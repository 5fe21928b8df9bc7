namespace LungSeg.Imaging.Scoring;

/// <summary>A third of a lung, and how much of it lesions cover.</summary>
/// <param name="Name">Which one, such as "left lower".</param>
/// <param name="Pixels">The third's pixels.</param>
/// <param name="LesionPixels">Those of them that belong to lesions.</param>
public sealed record LungThird(string Name, int Pixels, int LesionPixels)
{
    /// <summary>The share that lesions cover, 0 to 1; 0 for a third without pixels.</summary>
    public double Ratio => Pixels == 0 ? 0 : (double)LesionPixels / Pixels;
}

/// <summary>
/// The study's severity score of one image: each lung is cut into thirds of equal area, and those count that lesions cover by more than a
/// threshold.
/// </summary>
/// <param name="Thirds">Lower, middle and upper third of one lung, then of the other.</param>
public sealed record LesionScore(IReadOnlyList<LungThird> Thirds)
{
    /// <summary>Lower, middle and upper third of one lung, then of the other.</summary>
    public IReadOnlyList<LungThird> Thirds { get; init => field = Checked(value); } = Checked(Thirds);

    /// <summary>The share of a third above which it counts, in the study's code.</summary>
    public const double DefaultThreshold = 0.5;

    /// <summary>The score, 0 to 6.</summary>
    public int At(double threshold = DefaultThreshold) => Thirds.Count(third => third.Ratio > threshold);

    /// <summary>Cuts two lungs of one size into thirds and counts the lesions on them.</summary>
    internal static LesionScore Of(LungMask first, string firstName, LungMask second, string secondName, LungMask lesions) =>
        new([.. Cut(first, firstName, lesions), .. Cut(second, secondName, lesions)]);

    private static IReadOnlyList<LungThird> Checked(IReadOnlyList<LungThird> thirds)
    {
        ArgumentNullException.ThrowIfNull(thirds);
        foreach (LungThird third in thirds) ArgumentNullException.ThrowIfNull(third, nameof(thirds));
        return thirds;
    }

    // From the lowest row up, as the study turns the lung on its side and cuts it from the left.
    private static IEnumerable<LungThird> Cut(LungMask lung, string name, LungMask lesions)
    {
        int height = lung.Height, third = lung.Area / 3, twoThirds = 2 * lung.Area / 3;
        int[] below = new int[height + 1];
        for (int rows = 1; rows <= height; rows++) below[rows] = below[rows - 1] + Row(lung, height - rows).Count((byte)1);
        int[] cuts = [0, Bisect(below, third), Bisect(below, twoThirds), height];
        string[] names = ["lower", "middle", "upper"];
        for (int i = 0; i < names.Length; i++)
        {
            (int pixels, int covered) = (0, 0);
            for (int rows = cuts[i]; rows < cuts[i + 1]; rows++)
            {
                ReadOnlySpan<byte> row = Row(lung, height - 1 - rows), lesion = Row(lesions, height - 1 - rows);
                for (int x = 0; x < row.Length; x++)
                {
                    pixels += row[x];
                    covered += row[x] & lesion[x];
                }
            }
            yield return new LungThird($"{name} {names[i]}", pixels, covered);
        }
    }

    private static ReadOnlySpan<byte> Row(LungMask mask, int y) => mask.Pixels.Slice(y * mask.Width, mask.Width);

    // The study's bisection ends at its last guess, which is not always the nearest.
    private static int Bisect(int[] below, int area)
    {
        (int from, int to, int guess) = (0, below.Length - 1, 0);
        while (from <= to)
        {
            guess = (from + to) / 2;
            if (below[guess] <= area) from = guess + 1;
            else to = guess - 1;
        }
        return guess;
    }
}
