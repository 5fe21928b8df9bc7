namespace LungSeg.Cli.Benchmarking;

/// <summary>Quantiles of sorted numbers, interpolated between neighbours.</summary>
internal static class Quantiles
{
    public static double Of(double[] sorted, double q)
    {
        double position = q * (sorted.Length - 1);
        int low = (int)position, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((position - low) * (sorted[high] - sorted[low]));
    }
}
