using System.Globalization;
using System.Text.Json;
using LungSeg.Cli.Verification;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;
using LungSeg.Models.Inputs;
using Conv2d = LungSeg.Engine.Nn.Conv2d;

namespace LungSeg.Cli.SelfTest;

/// <summary>The result of cases of one kind.</summary>
/// <param name="Name">The operation, or the kernel that computed it.</param>
/// <param name="Cases">Number of cases.</param>
/// <param name="Worst">The largest error as a share of what rounding can explain; above 1 is wrong.</param>
/// <param name="Fault">The first case that failed, and how; null where all passed.</param>
/// <param name="Broken">Whether the device failed, rather than computed wrongly.</param>
internal sealed record OperationResult(string Name, int Cases, double Worst, string? Fault, bool Broken = false)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", Name);
        json.WriteNumber("cases", Cases);
        Json.Number(json, "worst_share_of_bound", Worst);
        if (Fault is { } fault) json.WriteString("fault", fault);
        json.WriteEndObject();
    }

    public static OperationResult Read(JsonElement json) => new(
        json.GetProperty("name").GetString()!, json.GetProperty("cases").GetInt32(), Json.Number(json.GetProperty("worst_share_of_bound")),
        json.TryGetProperty("fault", out JsonElement fault) ? fault.GetString() : null);
}

/// <summary>
/// Runs cases on a backend and on the reference. Each element has its own bound, from an error analysis that runs with the reference; a
/// second run must give the same bits.
/// </summary>
internal static class OperationCheck
{
    public static OperationResult Run(string name, IEnumerable<OperationCase> cases, IBackend backend, Arithmetic arithmetic)
    {
        int count = 0;
        double worst = 0;
        string? fault = null;
        bool broken = false;
        foreach (OperationCase test in cases)
        {
            count++;
            (double share, string? found, broken) = Run(test, backend, arithmetic);
            worst = Math.Max(worst, share);
            fault ??= found is null ? null : $"{test.Description}: {found}";
            // After a device has failed its answers mean nothing.
            if (broken) break;
        }
        return new OperationResult(name, count, worst, fault, broken);
    }

    private static (double Share, string? Fault, bool Broken) Run(OperationCase test, IBackend backend, Arithmetic arithmetic)
    {
        try
        {
            Shape shape = test.Graph.Input.Shape;
            using Model model = backend.Load(test.Graph);
            using Plan plan = model.Plan(shape.N, shape.H, shape.W);
            float[] input = test.Input(shape);
            plan.Input.CopyFrom(input);
            plan.Execute();
            float[] actual = plan.Output.ToArray();
            plan.Execute();
            bool same = plan.Output.ToArray().AsSpan().SequenceEqual(actual);
            (float[] values, float[] bounds) = ErrorBound.Of(test.Graph, input, arithmetic)[0];
            double worst = 0;
            string? fault = null;
            for (int i = 0; i < actual.Length; i++)
            {
                double error = Math.Abs((double)actual[i] - values[i]), share = error == 0 ? 0 : error / bounds[i];
                // Not-a-number is infinitely far off.
                if (double.IsNaN(share)) share = double.PositiveInfinity;
                if (share > 1) fault ??= $"element {i}: {values[i]:R} expected within {bounds[i]:G3}, {actual[i]:R} found";
                worst = Math.Max(worst, share);
            }
            return (worst, fault ?? (same ? null : "a second run gave different bits"), false);
        }
        catch (EngineException e)
        {
            return (double.PositiveInfinity, e.Message, e is DeviceException);
        }
    }
}

/// <summary>Runs cases in integers on each path that this processor has, each of which must give the same bits.</summary>
internal static class IntegerCheck
{
    public static OperationResult Run(string name, IEnumerable<OperationCase> cases, CpuBackend backend)
    {
        int count = 0;
        string? fault = null;
        foreach (OperationCase made in cases)
        {
            var test = IntegerCase.Of(made);
            foreach (IntegerPath path in IntegerPaths.Of(backend.InstructionSet))
            {
                count++;
                if (test.Fault(backend, new LoadOptions { IntegerPath = path }) is { } found)
                    fault ??= $"{test.Description}, {path.Name()}: {found}";
            }
        }
        return new OperationResult(name, count, fault is null ? 0 : double.PositiveInfinity, fault);
    }
}

/// <summary>
/// Preparation of images and cutting of masks on a device, compared bit by bit with the same steps on the host. The network between them
/// copies the input, and convolves it once.
/// </summary>
internal static class ImageCheck
{
    public const string Name = "images and masks";

    private const int Side = 96;
    private const float Threshold = 0.45f;

    private static readonly (int Width, int Height, int Channels, int Bits, SegmentationMode Mode)[] Cases =
    [
        (301, 217, 1, 8, SegmentationMode.Native), (97, 410, 3, 8, SegmentationMode.Study),
        (2 * Side, 2 * Side, 3, 8, SegmentationMode.Native), (Side, Side, 1, 8, SegmentationMode.Native),
        (301, 217, 1, 16, SegmentationMode.Native), (50, 61, 3, 16, SegmentationMode.Native),
        (301, 217, 1, 16, SegmentationMode.Study), (Side, Side, 1, 16, SegmentationMode.Native),
    ];

    /// <summary>Runs the cases; null where the backend leaves images to the host.</summary>
    public static OperationResult? Run(IBackend backend)
    {
        Graph graph = Network();
        try
        {
            using Model model = backend.Load(graph, new LoadOptions { Taps = ["copy"] });
            using Plan plan = model.Plan(1, Side, Side);
            var preprocess = new Preprocess(Architectures.All[0], SegmentationMode.Native, Side);
            var postprocess = new Postprocess(SegmentationMode.Native, Threshold);
            if (InputPreparation.For(backend, preprocess, postprocess) is HostPreparation) return null;
            string?[] faults = [.. Cases.Select((_, i) => FaultOf(backend, plan, i))];
            string? fault = faults.FirstOrDefault(found => found is not null);
            return new OperationResult(Name, Cases.Length, fault is null ? 0 : double.PositiveInfinity, fault);
        }
        catch (DeviceException e)
        {
            return new OperationResult(Name, Cases.Length, double.PositiveInfinity, e.Message, Broken: true);
        }
    }

    private static Graph Network()
    {
        var weights = new WeightScope(new StrictWeights(new StateDict(
        [
            new Parameter("copy.weight", [3, 1, 1, 1], () => [1, 1, 1]),
            new Parameter("head.weight", [1, 3, 3, 3],
                () => [.. Enumerable.Range(0, 27).Select(i => SyntheticWeights.Signed("selftest", i))]),
            new Parameter("head.bias", [1], () => [0.1f]),
        ])));
        return Graph.Record(new Shape(1, 3, Side, Side), x => new Conv2d(weights["head"], 3, 1, 3, padding: 1)
            .Forward(new Conv2d(weights["copy"], 3, 3, 1, groups: 3, bias: false).Forward(x)).Sigmoid());
    }

    private static string? FaultOf(IBackend backend, Plan plan, int index)
    {
        (int width, int height, int channels, int bits, SegmentationMode mode) = Cases[index];
        var random = new Random(index);
        int samples = width * height * channels;
        var image = new Radiograph(
            width, height, channels, bits, [.. Enumerable.Range(0, samples).Select(_ => (ushort)random.Next(1 << bits))]);
        var preprocess = new Preprocess(Architectures.All[0], mode, Side);
        var postprocess = new Postprocess(mode, Threshold);
        var output = new float[Side * Side];
        IPreparedImage prepared = InputPreparation.For(backend, preprocess, postprocess).Prepare(image);
        prepared.Run(plan, output, CancellationToken.None);
        string name = $"{width} x {height} x {channels} of {bits} bits, {mode}";
        LungMask mask;
        try
        {
            (_, mask) = prepared.Cut(new ProbabilityMap(Side, Side, output));
        }
        catch (DeviceException e)
        {
            return $"{name}: {e.Message}";
        }
        // In half precision the network's input is rounded.
        bool halves = backend.Precision == Precision.Float16;
        float[] input = Array.ConvertAll(preprocess.Apply(image), value => halves ? (float)(Half)value : value);
        if (!plan.Outputs[1].ToArray().AsSpan().SequenceEqual(input)) return $"{name}: the network's input differs from the host's";
        ProbabilityMap probabilities = postprocess.AtCut(new ProbabilityMap(Side, Side, output), image);
        bool same = probabilities.Threshold(Threshold).Pixels.SequenceEqual(mask.Pixels);
        return same ? null : $"{name}: the mask differs from the host's";
    }
}

/// <summary>The comparison of a network's output.</summary>
/// <param name="Network">Its key.</param>
/// <param name="Case">What it was compared with.</param>
/// <param name="Shape">The input's shape.</param>
/// <param name="Error">The output's error; null if the network could not be run.</param>
/// <param name="Bounds">The allowed errors.</param>
/// <param name="Fault">Why the network could not be run.</param>
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
        TensorError? error = json.TryGetProperty("max", out _)
            ? new TensorError(Of("max"), Of("mean"), Of("quantile_999"), Of("cosine"), Of("magnitude"))
            : null;
        return new NetworkResult(
            network, json.GetProperty("against").GetString()!, new Shape(shape[0], shape[1], shape[2], shape[3]), error,
            PrecisionBounds.Of(network, precision), json.TryGetProperty("fault", out JsonElement fault) ? fault.GetString() : null);

        double Of(string name) => Json.Number(json.GetProperty(name));
    }
}

/// <summary>
/// Compares whole networks with golden files where there are any, else with the reference backend; the synthetic weights are calibrated so
/// that magnitudes are those of a trained network.
/// </summary>
internal static class NetworkCheck
{
    private const int Side = 64;
    private const string Salt = "selftest/";

    /// <summary>The golden files that a network has: in the folder named, in the repository's, or in one beside the program.</summary>
    public static string? FindGoldens(string? named)
    {
        string[] folders = named is not null
            ? [named]
            : [Path.Combine("tests", "data", "golden"), Path.Combine(AppContext.BaseDirectory, "golden")];
        string? found = folders.FirstOrDefault(
            folder => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.safetensors").Any());
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
                network, $"PyTorch, {test.Tag}", shape, backend, () => golden.Weights, () => golden.Input(test),
                (_, _) => golden.Expected(test, TapRun.Output));
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
            var error = TensorError.Of(expected(graph, image), Execute(backend, graph, image));
            return new NetworkResult(network.Key, name, shape, error, bounds, null);
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
