namespace LungSeg.Benchmarks.Peers;

internal static class Difference
{
    /// <summary>The largest absolute difference; a NaN on either side is infinitely far.</summary>
    public static double Largest(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length) throw new ArgumentException($"{a.Length} and {b.Length} elements");
        double largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = Math.Abs((double)a[i] - b[i]);
            largest = Math.Max(largest, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }
        return largest;
    }

    /// <summary>The largest difference in deviations of the output; where that is less than 1, as of probabilities, as it is.</summary>
    public static double Relative(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0, squares = 0;
        foreach (float value in b)
        {
            sum += value;
            squares += (double)value * value;
        }
        double mean = sum / b.Length;
        return Largest(a, b) / Math.Max(1, Math.Sqrt((squares / b.Length) - (mean * mean)));
    }
}
