using System.CommandLine;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli.Commands;

/// <summary><c>tune</c>: measures a GPU, so that kernels of convolutions are chosen by their measured times.</summary>
internal static class TuneCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg tune --device cuda", "measure the GPU; segment and bench then choose kernels by the result"),
        new("lungseg tune --device cuda:1 -o second.json", "write into your own file, for LUNGSEG_TUNING"),
    ];

    public static Command Create()
    {
        var device = new Option<string>("--device")
        {
            Description = "GPU to measure",
            HelpName = "cuda[:N]",
            DefaultValueFactory = _ => "cuda",
        };
        var file = new Option<string?>("--output", "-o")
        {
            Description = "File to write; default: the user's file for this kind of GPU, which other commands read",
            HelpName = "FILE",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new CliCommand(
            "tune", "Measure a GPU in less than 20 seconds, so that convolutions run with the kernels that are fastest there.", Examples)
        {
            device, file, json,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(device);
            CudaDevice? gpu = null;
            Tuner? tuner = null;
            foreach (Precision precision in Enum.GetValues<Precision>().Where(precision => precision != Precision.Int8))
            {
                if (gpu is { HasTensorCores: false }) break;
                using IBackend backend = DeviceChoices.Open(name, precision.Name(), 0, parsed.InvocationConfiguration.Error, tuned: false);
                if (backend is not CudaBackend cuda)
                    throw new UsageException($"only GPUs can be measured: expected --device cuda or cuda:N, found '{name}'");
                gpu ??= cuda.Device;
                tuner ??= new Tuner(gpu);
                tuner.Measure(cuda);
            }
            CudaTuning tuning = tuner!.Result;
            string path = parsed.GetValue(file) ?? TuningFile.PathOf(gpu!.Name);
            TuningFile.Write(path, tuning);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) Json.Write(output, tuning.Write);
            else Write(output, tuning, tuner, path);
            return tuner.Wrong.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static void Write(TextWriter output, CudaTuning tuning, Tuner tuner, string path)
    {
        output.WriteLine($"{tuning.Device}: launch {tuning.LaunchMicroseconds:F1} us, memory {tuning.MemoryBytesPerSecond / 1e9:F0} GB/s");
        Spectre.Console.Table table = Tables.Create("kernel", "MACs per clock and multiprocessor#");
        foreach ((string kernel, double rate) in tuning.MacsPerClock.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            Tables.Row(table, [kernel, $"{rate:F0}"]);
        Tables.Write(output, table);
        if (tuner.Wrong.Count > 0) output.WriteLine($"wrong results on this GPU, never chosen: {string.Join(", ", tuner.Wrong)}");
        output.WriteLine($"written to {path}");
    }
}

/// <summary>
/// Measures the rates by which kernels for convolutions are chosen on a GPU. The work is a fixed number of launches for each kernel, so
/// that every kernel is measured, however busy the machine is.
/// </summary>
internal sealed class Tuner(CudaDevice gpu)
{
    private const int Runs = 9;
    private readonly Dictionary<string, double> _rates = new(StringComparer.Ordinal);
    private readonly List<string> _wrong = [];
    private readonly Dictionary<Shape, float[]> _inputs = [];
    private double _launch = double.PositiveInfinity;
    private double _bytes;

    /// <summary>Variants of kernels whose results differ from the original's bits: they are never chosen.</summary>
    public IReadOnlyList<string> Wrong => _wrong;

    public CudaTuning Result => new(gpu.Name, 1e3 * _launch, _bytes, _rates);

    /// <summary>Measures the kernels of a backend's precision.</summary>
    public void Measure(CudaBackend backend)
    {
        // A kernel with almost no work, and one that only reads and writes.
        (double small, _) = Time(backend, new Shape(1, 8, 8, 8), x => x.ReLU());
        _launch = Math.Min(_launch, small);
        var wide = new Shape(8, 64, 256, 256);
        (double copy, _) = Time(backend, wide, x => x.ReLU());
        long bytes = 2 * wide.Count * (backend.Precision == Precision.Float16 ? 2 : 4);
        _bytes = Math.Max(_bytes, bytes / (Math.Max(copy - small, copy / 2) / 1e3));

        // The kernels that are varied come first.
        Dictionary<string, float[]> results = [];
        IEnumerable<string> names = backend.TiledConvolutions.Where(name => !name.EndsWith("_gate", StringComparison.Ordinal));
        foreach (string name in names.OrderBy(name => name.Length))
        {
            using CudaBackend one = backend.With(name);
            var input = new Shape(8, 256, 64, 64);
            var weights = new WeightScope(new SyntheticWeights("tune/"));
            (double milliseconds, float[] output) =
                Time(one, input, x => new Conv2d(weights["conv"], input.C, 256, 3, padding: 1, bias: false).Forward(x));
            results.Add(name, output);
            string? varied = results.Keys
                .Where(other => other.Length < name.Length && name.StartsWith($"{other}_", StringComparison.Ordinal))
                .MaxBy(other => other.Length);
            if (varied is not null && !output.AsSpan().SequenceEqual(results[varied]))
            {
                _wrong.Add(name);
                continue;
            }
            double macs = (double)input.N * input.H * input.W * 256 * input.C * 9;
            double rate = macs / (milliseconds * 1e3 * Math.Max(gpu.ClockMegahertz, 1) * gpu.Multiprocessors);
            _rates[name] = rate;
            // A gate adds little to the products.
            if (backend.TiledConvolutions.Contains($"{name}_gate")) _rates[$"{name}_gate"] = rate;
        }
    }

    // The median time of the kernels of a network of one operation, and its output.
    private (double Milliseconds, float[] Output) Time(CudaBackend backend, Shape shape, Func<Tensor, Tensor> operation)
    {
        // Another kernel converts the input's layout: its time is measured alone and subtracted.
        Graph graph = Graph.Record(shape, x => operation(x.ReLU())), before = Graph.Record(shape, x => x.ReLU());
        (double whole, float[] output) = Run(backend, graph, shape);
        return (Math.Max(whole - Run(backend, before, shape).Milliseconds, whole / 10), output);
    }

    private float[] InputOf(Shape shape)
    {
        if (_inputs.TryGetValue(shape, out float[]? known)) return known;
        float[] input = _inputs[shape] = new float[shape.Count];
        SyntheticWeights.Fill("tune/input", input);
        return input;
    }

    private (double Milliseconds, float[] Output) Run(CudaBackend backend, Graph graph, Shape shape)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(shape.N, shape.H, shape.W);
        plan.Input.CopyFrom(InputOf(shape));
        plan.Execute();
        double[] times = [.. Enumerable.Range(0, Runs).Select(_ => ((ITimedPlan)plan).ExecuteTimed().Kernels).Order()];
        return (times[Runs / 2], plan.Output.ToArray());
    }
}
