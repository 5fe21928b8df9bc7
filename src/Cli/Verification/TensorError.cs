namespace LungSeg.Cli.Verification;

/// <summary>How far a tensor is from what was expected; a NaN on either side counts as infinitely far.</summary>
/// <param name="Max">The largest absolute error.</param>
/// <param name="Mean">The mean absolute error.</param>
/// <param name="Quantile999">99.9 % of the absolute errors are at most this.</param>
/// <param name="Cosine">The cosine of the angle between the two as vectors.</param>
/// <param name="Magnitude">The largest expected magnitude.</param>
internal sealed record TensorError(double Max, double Mean, double Quantile999, double Cosine, double Magnitude)
{
    /// <summary>The largest error relative to the largest expected magnitude.</summary>
    public double Relative => Max == 0 ? 0 : Max / Magnitude;

    public static TensorError Of(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double max = 0, sum = 0, magnitude = 0, dot = 0, expectedSquares = 0, actualSquares = 0;
        // The thousandth part with the largest errors, smallest on top.
        int tail = (expected.Length / 1000) + 1;
        var largest = new PriorityQueue<double, double>(tail);
        for (int i = 0; i < expected.Length; i++)
        {
            double e = expected[i], a = actual[i], error = Math.Abs(e - a);
            if (double.IsNaN(error)) error = double.PositiveInfinity;
            max = Math.Max(max, error);
            sum += error;
            magnitude = Math.Max(magnitude, Math.Abs(e));
            dot += e * a;
            expectedSquares += e * e;
            actualSquares += a * a;
            if (largest.Count < tail) largest.Enqueue(error, error);
            else if (error > largest.Peek()) largest.EnqueueDequeue(error, error);
        }
        double norms = Math.Sqrt(expectedSquares) * Math.Sqrt(actualSquares);
        double cosine = norms > 0 ? Math.Clamp(dot / norms, -1, 1) : expectedSquares == actualSquares ? 1 : 0;
        return expected.IsEmpty
            ? new TensorError(0, 0, 0, 1, 0)
            : new TensorError(max, sum / expected.Length, largest.Peek(), cosine, magnitude);
    }
}
