namespace LungSeg.Imaging.Evaluation;

/// <summary>Quantiles of numbers, linear between neighbours (type 7 of Hyndman and Fan 1996, the default of R and NumPy).</summary>
internal static class Quantile
{
    /// <summary>The quantile of ascending numbers for a share from 0 to 1.</summary>
    /// <exception cref="ArgumentException">There are no numbers.</exception>
    public static double OfSorted(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.IsEmpty)
            throw new ArgumentException("a quantile needs at least one number", nameof(sorted));
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        double low = sorted[below], high = sorted[Math.Min(below + 1, sorted.Length - 1)];
        return low + ((high - low) * (place - below));
    }
}
