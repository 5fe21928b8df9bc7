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
    public Check? First => Checks.FirstOrDefault(check => !check.Holds);

    public bool Holds => First is null;

    public IEnumerable<Check> Outputs => Checks.Where(check => check.Name.EndsWith(TapRun.Output, StringComparison.Ordinal));
}
