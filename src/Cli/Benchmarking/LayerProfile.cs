using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;
using LungSeg.Imaging.Evaluation;
using LungSeg.Models;

namespace LungSeg.Cli.Benchmarking;

/// <summary>The time of each step of a network: medians over runs.</summary>
internal sealed record LayerProfile
{
    private const int Warmups = 5;

    public required Architecture Network { get; init; }

    public required Shape Input { get; init; }

    public required string Weights { get; init; }

    public required Roofline Roofline { get; init; }

    public required IReadOnlyList<ProfiledStep> Steps { get; init; }

    /// <summary>The median of the runs' times, in milliseconds.</summary>
    public required double Milliseconds { get; init; }

    public required int Runs { get; init; }

    /// <summary>When each worker was at each step in the last run.</summary>
    public required IReadOnlyList<StepSpan> LastRun { get; init; }

    public static LayerProfile Run(IBackend backend, Architecture network, Precision precision, int batch, int runs)
    {
        (Graph graph, string name) = BenchWeights.Of(network, batch, precision);
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(batch, network.InputSize, network.InputSize);
        plan.Input.CopyFrom(SyntheticWeights.Input("", "bench", batch, network.InputSize, network.InputSize));
        for (int i = 0; i < Warmups; i++) plan.Execute();
        IReadOnlyList<StepSpan> spans = [];
        double[][] times = new double[runs][], waiting = new double[runs][];
        for (int run = 0; run < runs; run++)
        {
            spans = plan.Profile();
            times[run] = StepSpans.Of(spans, plan.Steps.Count);
            waiting[run] = StepSpans.Waiting(spans, times[run]);
        }
        // Measured here, with the same JIT state and load as the runs.
        Roofline roofline = Roofline.Measure(backend);
        return new LayerProfile
        {
            Network = network,
            Input = graph.Input.Shape,
            Weights = name,
            Roofline = roofline,
            Steps = [.. plan.Steps.Select((step, i) => new ProfiledStep(
                step, Median(times.Select(run => run[i])), Median(waiting.Select(run => run[i])), roofline.Milliseconds(step)))],
            Milliseconds = Median(times.Select(run => run.Sum())),
            Runs = runs,
            LastRun = spans,
        };
    }

    private static double Median(IEnumerable<double> values) => Quantile.OfSorted([.. values.Order()], 0.5);
}

/// <summary>A step's median time, the share of it in which workers waited, and the minimum time by its roofline, in milliseconds.</summary>
internal sealed record ProfiledStep(PlanStep Step, double Milliseconds, double Waiting, double Minimum)
{
    public double GigaFlops => Milliseconds > 0 ? 2e-6 * Step.Macs / Milliseconds : 0;

    public double GigaBytes => Milliseconds > 0 ? 1e-6 * Step.Bytes / Milliseconds : 0;

    /// <summary>Share of the roofline that is reached; above 1 where a kernel needs fewer products than the definition.</summary>
    public double RooflineShare => Milliseconds > 0 ? Minimum / Milliseconds : 0;
}

/// <summary>Times of steps from the spans of a run.</summary>
internal static class StepSpans
{
    /// <summary>Milliseconds of each step: from the end of the step before, for its last worker, to its own end.</summary>
    public static double[] Of(IReadOnlyList<StepSpan> spans, int steps)
    {
        double[] times = new double[steps];
        double before = spans.Count > 0 ? spans.Min(span => span.Begin).TotalMilliseconds : 0;
        foreach (IGrouping<int, StepSpan> step in spans.GroupBy(span => span.Step))
        {
            double end = step.Max(span => span.End).TotalMilliseconds;
            times[step.Key] = end - before;
            before = end;
        }
        return times;
    }

    /// <summary>The average share of each step's time in which workers waited for others.</summary>
    public static double[] Waiting(IReadOnlyList<StepSpan> spans, double[] times)
    {
        double[] busy = new double[times.Length];
        int workers = spans.Count / Math.Max(1, times.Length);
        foreach (StepSpan span in spans) busy[span.Step] += (span.End - span.Begin).TotalMilliseconds / workers;
        return [.. times.Zip(busy, (time, work) => time > 0 ? Math.Max(0, 1 - (work / time)) : 0)];
    }
}

/// <summary>
/// The peak rates of a device, measured: arithmetic in a large 1x1 convolution, memory in a sum of two maps that are larger than the
/// caches.
/// </summary>
internal sealed record Roofline(double GigaFlops, double GigaBytes)
{
    private const int Channels = 512, Side = 48, WideChannels = 64, WideSide = 640;
    private const double Seconds = 0.3;

    // The input has the layout of images; the second of two convolutions has that of the engine.
    public static Roofline Measure(IBackend backend)
    {
        var scope = new WeightScope(new SyntheticWeights())["roofline"];
        Graph products = Graph.Record(new Shape(1, Channels, Side, Side), x =>
            new Conv2d(scope["second"], Channels, Channels, 1).Forward(new Conv2d(scope["first"], Channels, Channels, 1).Forward(x)));
        Graph sum = Graph.Record(new Shape(1, WideChannels, WideSide, WideSide), x => x.Add(x));
        return new Roofline(Best(backend, products, step => 2e-6 * step.Macs), Best(backend, sum, step => 1e-6 * step.Bytes));
    }

    /// <summary>The minimum time of a step at these rates.</summary>
    public double Milliseconds(PlanStep step) => Math.Max(2e-6 * step.Macs / GigaFlops, 1e-6 * step.Bytes / GigaBytes);

    // The highest rate of any of the graph's steps.
    private static double Best(IBackend backend, Graph graph, Func<PlanStep, double> work)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        double best = 0;
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds; run++)
        {
            double[] times = StepSpans.Of(plan.Profile(), plan.Steps.Count);
            best = Math.Max(best, plan.Steps.Zip(times, (step, time) => work(step) / time).Max());
        }
        return best;
    }
}
