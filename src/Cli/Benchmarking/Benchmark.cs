using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Benchmarking;

/// <summary>How long a network takes: one warm-up that ends when times settle, then single runs.</summary>
internal sealed record Benchmark
{
    private const int Warmups = 5;
    private const double WarmupSeconds = 1.0;

    public required Architecture Network { get; init; }

    public required Shape Input { get; init; }

    public required string Weights { get; init; }

    /// <summary>Loading and planning: passes, packing, memory.</summary>
    public required double LoadMilliseconds { get; init; }

    /// <summary>The very first run, which compiles and touches memory.</summary>
    public required double FirstMilliseconds { get; init; }

    /// <summary>The runs after the warm-up, sorted.</summary>
    public required double[] Sorted { get; init; }

    public required long Macs { get; init; }

    public required long ArenaBytes { get; init; }

    /// <summary>The process's peak while this network was loaded and run; null where the system does not tell.</summary>
    public required long? PeakBytes { get; init; }

    /// <summary>The same runs by the device's own clock; null where it has none.</summary>
    public required DeviceTimes? Device { get; init; }

    public double Median => Quantile(0.5);

    public double GigaFlops => 2 * Macs / (Median * 1e6);

    public double ImagesPerSecond => 1000 * Input.N / Median;

    public double Quantile(double q) => Quantiles.Of(Sorted, q);

    public static Benchmark Run(IBackend backend, Architecture network, int batch, int runs)
    {
        PeakMemory.Reset();
        int size = network.InputSize;
        (IWeightSource weights, string name) = BenchWeights.Of(network);
        long start = Stopwatch.GetTimestamp();
        Graph graph = network.Record(weights, batch);
        using Model model = backend.Load(graph, new LoadOptions { CompactHeap = true });
        using Plan plan = model.Plan(batch, size, size);
        double load = Elapsed(start);
        plan.Input.CopyFrom(SyntheticWeights.Input("", "bench", batch, size, size));

        double first = Once(plan);
        long warming = Stopwatch.GetTimestamp();
        for (int i = 0; i < Warmups || Elapsed(warming) < WarmupSeconds * 1000; i++) plan.Execute();
        double[] times = new double[runs];
        RunTimes[] parts = plan is ITimedPlan ? new RunTimes[runs] : [];
        for (int i = 0; i < runs; i++) times[i] = plan is ITimedPlan timed ? Once(timed, out parts[i]) : Once(plan);
        Array.Sort(times);
        return new Benchmark
        {
            Network = network,
            Input = graph.Input.Shape,
            Weights = name,
            LoadMilliseconds = load,
            FirstMilliseconds = first,
            Sorted = times,
            Device = parts.Length > 0 ? DeviceTimes.Of(parts) : null,
            Macs = graph.Macs,
            ArenaBytes = plan.ArenaBytes,
            PeakBytes = PeakMemory.Read(),
        };
    }

    private static double Once(Plan plan)
    {
        long start = Stopwatch.GetTimestamp();
        plan.Execute();
        return Elapsed(start);
    }

    private static double Once(ITimedPlan plan, out RunTimes parts)
    {
        long start = Stopwatch.GetTimestamp();
        parts = plan.ExecuteTimed();
        return Elapsed(start);
    }

    private static double Elapsed(long start) => Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}
