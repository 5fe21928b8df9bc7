using System.Globalization;
using System.Text.Json;
using LungSeg.Cli.Verification;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.SelfTest;

/// <summary>A whole network's output compared.</summary>
/// <param name="Network">Its key.</param>
/// <param name="Case">What it was compared with.</param>
/// <param name="Shape">The input.</param>
/// <param name="Error">How far the output is off; null if it could not be run.</param>
/// <param name="Bounds">What is allowed.</param>
/// <param name="Fault">Why it could not be run.</param>
internal sealed record NetworkResult(string Network, string Case, Shape Shape, TensorError? Error, PrecisionBounds Bounds, string? Fault)
{
    public bool Holds => Error is not null && Bounds.Allow(Error);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("network", Network);
        json.WriteString("against", Case);
        json.WriteString("shape", $"{Shape}");
        if (Error is { } error)
        {
            Json.Number(json, "max", error.Max);
            Json.Number(json, "mean", error.Mean);
            Json.Number(json, "quantile_999", error.Quantile999);
            Json.Number(json, "cosine", error.Cosine);
            Json.Number(json, "magnitude", error.Magnitude);
        }
        Json.Number(json, "bound_max", Bounds.Max);
        Json.Number(json, "bound_mean", Bounds.Mean);
        json.WriteBoolean("holds", Holds);
        if (Fault is { } fault) json.WriteString("fault", fault);
        json.WriteEndObject();
    }

    public static NetworkResult Read(JsonElement json, Precision precision)
    {
        string network = json.GetProperty("network").GetString()!;
        int[] shape = [.. json.GetProperty("shape").GetString()!.Split('x').Select(side => int.Parse(side, CultureInfo.InvariantCulture))];
        TensorError? error = json.TryGetProperty("max", out _) ? new TensorError(Of("max"), Of("mean"), Of("quantile_999"), Of("cosine"), Of("magnitude")) : null;
        return new NetworkResult(
            network, json.GetProperty("against").GetString()!, new Shape(shape[0], shape[1], shape[2], shape[3]), error, PrecisionBounds.Of(network, precision),
            json.TryGetProperty("fault", out JsonElement fault) ? fault.GetString() : null);

        double Of(string name) => Json.Number(json.GetProperty(name));
    }
}

/// <summary>
/// Whole networks: against golden files where there are any, else against the reference backend, with synthetic weights that are
/// calibrated so that magnitudes are those of a trained network.
/// </summary>
internal static class NetworkCheck
{
    private const int Side = 64;
    private const string Salt = "selftest/";

    /// <summary>The golden files that a network has: in the folder named, in the repository's, or in one beside the program.</summary>
    public static string? FindGoldens(string? named)
    {
        string[] folders = named is not null ? [named] : [Path.Combine("tests", "data", "golden"), Path.Combine(AppContext.BaseDirectory, "golden")];
        string? found = folders.FirstOrDefault(folder => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.safetensors").Any());
        return found is null && named is not null ? throw new UsageException($"there are no golden files in '{named}'") : found;
    }

    public static IEnumerable<NetworkResult> Run(Architecture network, string? goldens, IBackend backend)
    {
        string? file = goldens is null ? null : Path.Combine(goldens, $"{network.Key}.safetensors");
        return file is not null && File.Exists(file) ? AgainstGolden(network, file, backend) : [AgainstReference(network, backend)];
    }

    private static IEnumerable<NetworkResult> AgainstGolden(Architecture network, string file, IBackend backend)
    {
        GoldenFile golden = GoldenFile.Read(file);
        foreach (GoldenCase test in golden.Cases)
        {
            var shape = new Shape(test.N, 3, test.H, test.W);
            yield return Compare(
                network, $"PyTorch, {test.Tag}", shape, backend, () => golden.Weights, () => golden.Input(test), (_, _) => golden.Expected(test, TapRun.Output));
        }
    }

    private static NetworkResult AgainstReference(Architecture network, IBackend backend)
    {
        int side = Math.Max(Side, network.MinimumSize);
        var shape = new Shape(1, 3, side, side);
        float[] input = SyntheticWeights.Input(Salt, network.Key, 1, side, side);
        return Compare(
            network, "reference", shape, backend,
            () => Calibration.Calibrate(weights => network.Record(weights, 1, side, side), Salt, input), () => input,
            (graph, _) => Execute(new ReferenceBackend(), graph, input));
    }

    private static NetworkResult Compare(
        Architecture network, string name, Shape shape, IBackend backend,
        Func<IWeightSource> weights, Func<float[]> input, Func<Graph, float[], float[]> expected)
    {
        PrecisionBounds bounds = PrecisionBounds.Of(network.Key, backend.Precision);
        try
        {
            Graph graph = network.Record(weights(), shape.N, shape.H, shape.W);
            float[] image = input();
            return new NetworkResult(network.Key, name, shape, TensorError.Of(expected(graph, image), Execute(backend, graph, image)), bounds, null);
        }
        catch (DeviceException e)
        {
            return new NetworkResult(network.Key, name, shape, null, bounds, e.Message);
        }
    }

    private static float[] Execute(IBackend backend, Graph graph, float[] input)
    {
        Shape shape = graph.Input.Shape;
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(shape.N, shape.H, shape.W);
        plan.Input.CopyFrom(input);
        plan.Execute();
        return plan.Output.ToArray();
    }
}
