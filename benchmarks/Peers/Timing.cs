namespace LungSeg.Benchmarks.Peers;

/// <summary>Run times in milliseconds and what is said of them.</summary>
internal sealed class Timing
{
    private readonly double[] _sorted;

    public Timing(IEnumerable<double> milliseconds) => _sorted = [.. milliseconds.Order()];

    public int Count => _sorted.Length;

    public double Median => Quantile(0.5);

    /// <summary>Linear between neighbours, so that few runs give no false sharpness.</summary>
    public double Quantile(double q)
    {
        double position = q * (_sorted.Length - 1);
        int low = (int)position, high = Math.Min(low + 1, _sorted.Length - 1);
        return _sorted[low] + ((position - low) * (_sorted[high] - _sorted[low]));
    }
}
