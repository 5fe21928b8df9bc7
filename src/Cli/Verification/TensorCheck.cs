using LungSeg.Engine;

namespace LungSeg.Cli.Verification;

/// <summary>One tensor compared with its expected values: a row of the table.</summary>
/// <param name="Name">The case and tensor, or the module path.</param>
/// <param name="Shape">The tensor's shape.</param>
/// <param name="Error">How far it is off.</param>
/// <param name="Bound">What is allowed for <see cref="TensorError.Max"/>; infinite where nothing is asked of the tensor.</param>
/// <param name="Unfused">Whether fusion had swallowed it, so that it was computed in a second run without fusion.</param>
internal sealed record Check(string Name, Shape Shape, TensorError Error, double Bound, bool Unfused)
{
    /// <summary>What is allowed for <see cref="TensorError.Mean"/> besides.</summary>
    public double MeanBound { get; init; } = double.PositiveInfinity;

    public bool Holds => Error.Max <= Bound && Error.Mean <= MeanBound;
}

/// <summary>One file's checks.</summary>
/// <param name="File">The golden or reference file.</param>
/// <param name="Network">The network's key.</param>
/// <param name="Device">Where it ran.</param>
/// <param name="Checks">In execution order, an output last.</param>
/// <param name="Unmatched">Tensors of the file that are no module's result here.</param>
internal sealed record VerificationResult(
    string File, string Network, string Device, IReadOnlyList<Check> Checks, IReadOnlyList<string> Unmatched)
{
    /// <summary>The options that choose the network that passes, where weights fit several; empty where there was no choice.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>What names and shapes of the weights leave open, as this network has it; empty for one of the nine.</summary>
    public IReadOnlyList<string> Open { get; init; } = [];

    public Check? First => Checks.FirstOrDefault(check => !check.Holds);

    public bool Holds => First is null;

    public IEnumerable<Check> Outputs =>
        Checks.Where(check => TapRun.IsOutput(check.Name) || check.Name.EndsWith(TapRun.Output, StringComparison.Ordinal));
}

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

/// <summary>What a network's output may be off in a precision, as tests/data/golden/README.md has it.</summary>
/// <param name="Max">The largest absolute error.</param>
/// <param name="Mean">The mean absolute error.</param>
internal sealed record PrecisionBounds(double Max, double Mean)
{
    public static PrecisionBounds Of(string network, Precision precision) => precision switch
    {
        Precision.Float32 => new(1e-4, 1e-4),
        // Their deep encoders amplify rounding; PyTorch's own half precision is as far off.
        _ when network is "unet" or "linknet" => new(1e-1, 1e-2),
        _ => new(2e-2, 2e-3),
    };

    public bool Allow(TensorError error) => error.Max <= Max && error.Mean <= Mean;
}
