using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Verification;

/// <summary>
/// Runs a golden file's cases with its synthetic weights. Outputs have the bounds of the backend's precision; taps have a bound in float32
/// only.
/// </summary>
internal static class GoldenVerification
{
    private const double TapBound = 1e-3;
    private const string Input = "input";

    public static VerificationResult Run(string file, IBackend backend)
    {
        GoldenFile golden = GoldenFile.Read(file);
        Architecture network = Architectures.Get(golden.Network);
        var checks = new List<Check>();
        foreach (GoldenCase goldenCase in golden.Cases)
        {
            if (!goldenCase.Names.Contains(TapRun.Output))
                throw new CheckpointException($"'{file}': the case '{goldenCase.Tag}' has no output");
            network.CheckSize(new Shape(goldenCase.N, 3, goldenCase.H, goldenCase.W));
            float[] input = golden.Input(goldenCase);
            if (goldenCase.Names.Contains(Input)) CheckInput(golden, goldenCase, input, file);
            Graph graph = network.Record(golden.Weights, goldenCase.N, goldenCase.H, goldenCase.W);
            string[] paths = [.. goldenCase.Names.Except([Input, TapRun.Output])];
            if (paths.FirstOrDefault(path => !graph.Taps.ContainsKey(path)) is { } unknown)
                throw new CheckpointException($"'{file}': {network.Name} has no module '{unknown}'");
            Check[] found =
                [.. new TapRun(backend, graph, input).Run(paths).Select(tap => Compare(golden, goldenCase, tap, backend.Precision))];
            checks.AddRange([.. found[1..], found[0]]);
        }
        return new VerificationResult(file, network.Key, backend.Description, checks, []);
    }

    private static Check Compare(GoldenFile golden, GoldenCase goldenCase, Tap tap, Precision precision)
    {
        float[] expected = golden.Expected(goldenCase, tap.Path), actual = tap.Values;
        // Throws for a tensor of another size.
        GoldenDifference difference = golden.Compare(goldenCase, tap.Path, actual);
        if (actual.Length != expected.Length) actual = GoldenFile.Sample(actual);
        string name = $"{goldenCase.Tag}/{tap.Path}";
        var error = TensorError.Of(expected, actual);
        if (tap.Path != TapRun.Output)
        {
            double bound = precision == Precision.Float32 ? TapBound * difference.Magnitude : double.PositiveInfinity;
            return new Check(name, tap.Shape, error, bound, tap.Unfused);
        }
        PrecisionBounds bounds = PrecisionBounds.Of(golden.Network, precision);
        return new Check(name, tap.Shape, error, bounds.Max, tap.Unfused) { MeanBound = bounds.Mean };
    }

    // A wrong input would make the network seem wrong.
    private static void CheckInput(GoldenFile golden, GoldenCase goldenCase, float[] input, string file)
    {
        if (golden.Compare(goldenCase, Input, input).Max > 0)
        {
            throw new CheckpointException(
                $"'{file}': the input of case '{goldenCase.Tag}' does not match its formula: the file is damaged");
        }
    }
}
