using System.Diagnostics;
using LungSeg.Cli.Runs;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging.Evaluation;
using LungSeg.Models;

namespace LungSeg.Cli.Benchmarking;

/// <summary>The time of a network: a warm-up of about a second, then single runs.</summary>
internal sealed record Benchmark
{
    private const int Warmups = 5;
    private const double WarmupSeconds = 1.0;

    public required Architecture Network { get; init; }

    public required Shape Input { get; init; }

    public required string Weights { get; init; }

    /// <summary>Loading and planning: passes, packing, memory.</summary>
    public required double LoadMilliseconds { get; init; }

    /// <summary>The first run, with JIT warm-up and page faults.</summary>
    public required double FirstMilliseconds { get; init; }

    /// <summary>The runs after the warm-up, sorted.</summary>
    public required double[] Sorted { get; init; }

    public required long Macs { get; init; }

    public required long ArenaBytes { get; init; }

    /// <summary>The process's peak memory while this network was loaded and run; null where the system does not report it.</summary>
    public required long? PeakBytes { get; init; }

    /// <summary>The runs by the device's own clock; null where it has none.</summary>
    public required DeviceTimes? Device { get; init; }

    public double Median => TimeAt(0.5);

    public double GigaFlops => 2 * Macs / (Median * 1e6);

    public double ImagesPerSecond => 1000 * Input.N / Median;

    public double TimeAt(double share) => Quantile.OfSorted(Sorted, share);

    public static Benchmark Run(
        IBackend backend, Architecture network, Precision precision, int batch, int runs, long memory = 0)
    {
        PeakMemory.Reset();
        int size = network.InputSize;
        (Graph graph, string name) = BenchWeights.Of(network, batch, precision);
        long start = Stopwatch.GetTimestamp();
        if (memory > 0) MemoryCeiling.Check(memory, backend, graph, network.Name);
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

/// <summary>
/// Times of runs by the device's clock, in milliseconds, each sorted: copy to the device, kernels, copy to the host, total.
/// </summary>
internal sealed record DeviceTimes(double[] HostToDevice, double[] Kernels, double[] DeviceToHost, double[] Total)
{
    public static DeviceTimes Of(IReadOnlyList<RunTimes> runs) => new(
        Sorted(runs, run => run.HostToDevice), Sorted(runs, run => run.Kernels), Sorted(runs, run => run.DeviceToHost),
        Sorted(runs, run => run.Total));

    private static double[] Sorted(IEnumerable<RunTimes> runs, Func<RunTimes, double> part) => [.. runs.Select(part).Order()];
}

/// <summary>The weights that a network is timed with: those in the weights folder, or synthetic ones where there are none.</summary>
internal static class BenchWeights
{
    /// <summary>The network as it is to be loaded, and what its weights are.</summary>
    public static (Graph Graph, string Name) Of(Architecture network, int batch, Precision precision)
    {
        string? file = WeightsFolder.Default.TryFind(network, precision);
        if (file is not null) return (network.Load(Checkpoint.Read(file), batch), Path.GetFileName(file));
        if (precision != Precision.Int8) return (network.Record(new SyntheticWeights(), batch), "synthetic");
        (Graph graph, string name) = Of(network, batch, Precision.Float32);
        return (graph.WithQuantization(new NetworkQuantization(Ranges(network))), $"{name}, rounded for this run");
    }

    // Good for times alone: the ranges of one drawn image.
    private static QuantizationTable Ranges(Architecture network)
    {
        (Graph graph, _) = Of(network, 1, Precision.Float32);
        using var backend = new CpuBackend();
        return MinMaxCalibration.Of(graph, backend, [SyntheticWeights.Input("", "bench", 1, network.InputSize, network.InputSize)]);
    }
}
