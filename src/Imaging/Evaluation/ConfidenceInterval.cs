namespace LungSeg.Imaging.Evaluation;

/// <summary>
/// A 95 % confidence interval of a mean by the percentile bootstrap (Efron 1979): the images are drawn anew with replacement,
/// and the interval holds the middle 95 % of the means. It speaks of the choice of images alone.
/// </summary>
/// <param name="Low">The 2.5 % quantile of the resampled means.</param>
/// <param name="High">The 97.5 % quantile of the resampled means.</param>
internal readonly record struct ConfidenceInterval(double Low, double High)
{
    /// <summary>How often the images are drawn anew.</summary>
    public const int Resamples = 2000;

    private const int Seed = 1;
    private const double Tail = 0.025;

    /// <summary>The interval of the mean: the same for the same values on every run; null for fewer than two values.</summary>
    public static ConfidenceInterval? OfMean(ReadOnlySpan<double> values)
    {
        if (values.Length < 2)
            return null;
        SplitMix random = new(Seed);
        double[] means = new double[Resamples];
        foreach (ref double mean in means.AsSpan())
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++)
                sum += values[(int)(random.Next() * values.Length)];
            mean = sum / values.Length;
        }
        Array.Sort(means);
        return new ConfidenceInterval(Quantile.OfSorted(means, Tail), Quantile.OfSorted(means, 1 - Tail));
    }
}
