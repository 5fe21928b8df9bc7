using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli.Tuning;

/// <summary>Measures on a GPU what the choice of kernels for convolutions goes by.</summary>
internal sealed class Tuner(CudaDevice gpu, TimeSpan most)
{
    private const int Runs = 9;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Dictionary<string, double> _rates = new(StringComparer.Ordinal);
    private readonly List<string> _unmeasured = [], _wrong = [];
    private readonly Dictionary<Shape, float[]> _inputs = [];
    private double _launch = double.PositiveInfinity;
    private double _bytes;

    /// <summary>Kernels for which no time was left.</summary>
    public IReadOnlyList<string> Unmeasured => _unmeasured;

    /// <summary>Kernels on trial that gave other bits than the kernel they vary: these are never chosen.</summary>
    public IReadOnlyList<string> Wrong => _wrong;

    public CudaTuning Result => new(gpu.Name, 1e3 * _launch, _bytes, _rates);

    /// <summary>Measures the kernels of a backend's precision.</summary>
    public void Measure(CudaBackend backend)
    {
        // A kernel that does next to nothing, and one that does nothing but read and write.
        (double small, _) = Time(backend, new Shape(1, 8, 8, 8), x => x.ReLU());
        _launch = Math.Min(_launch, small);
        var wide = new Shape(8, 64, 256, 256);
        (double copy, _) = Time(backend, wide, x => x.ReLU());
        long bytes = 2 * wide.Count * (backend.Precision == Precision.Float16 ? 2 : 4);
        _bytes = Math.Max(_bytes, bytes / (Math.Max(copy - small, copy / 2) / 1e3));

        // The kernels that are varied come first.
        Dictionary<string, float[]> results = [];
        foreach (string name in backend.TiledConvolutions.OrderBy(name => name.Length).Where(name => !name.EndsWith("_gate", StringComparison.Ordinal)))
        {
            if (_clock.Elapsed > most)
            {
                _unmeasured.Add(name);
                continue;
            }
            using CudaBackend one = backend.With(name);
            var input = new Shape(8, 256, 64, 64);
            var weights = new WeightScope(new SyntheticWeights("tune/"));
            (double milliseconds, float[] output) = Time(one, input, x => new Conv2d(weights["conv"], input.C, 256, 3, padding: 1, bias: false).Forward(x));
            results.Add(name, output);
            string? varied = results.Keys.Where(other => other.Length < name.Length && name.StartsWith($"{other}_", StringComparison.Ordinal)).MaxBy(other => other.Length);
            if (varied is not null && !output.AsSpan().SequenceEqual(results[varied]))
            {
                _wrong.Add(name);
                continue;
            }
            double macs = (double)input.N * input.H * input.W * 256 * input.C * 9;
            double rate = macs / (milliseconds * 1e3 * Math.Max(gpu.ClockMegahertz, 1) * gpu.Multiprocessors);
            _rates[name] = rate;
            // A gate costs little beside the products.
            if (backend.TiledConvolutions.Contains($"{name}_gate")) _rates[$"{name}_gate"] = rate;
        }
    }

    // The median time of the kernels of a network of one operation, and what it gives.
    private (double Milliseconds, float[] Output) Time(CudaBackend backend, Shape shape, Func<Tensor, Tensor> operation)
    {
        // The input's layout is another kernel's work: it is timed alone and taken off.
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
