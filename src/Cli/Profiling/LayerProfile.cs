using LungSeg.Cli.Benchmarking;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Profiling;

/// <summary>Where a network's time goes, step by step: medians over runs.</summary>
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

    public static LayerProfile Run(IBackend backend, Architecture network, int batch, int runs)
    {
        (IWeightSource weights, string name) = BenchWeights.Of(network);
        Graph graph = network.Record(weights, batch);
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(batch, network.InputSize, network.InputSize);
        plan.Input.CopyFrom(SyntheticWeights.Input("", "bench", batch, network.InputSize, network.InputSize));
        for (int i = 0; i < Warmups; i++) plan.Execute();
        IReadOnlyList<StepSpan> spans = [];
        double[][] times = new double[runs][], waiting = new double[runs][];
        for (int run = 0; run < runs; run++)
        {
            spans = plan.Profile();
            times[run] = StepTimes.Of(spans, plan.Steps.Count);
            waiting[run] = StepTimes.Waiting(spans, times[run]);
        }
        // Now, when the code is warm and the machine as busy as it was.
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

    private static double Median(IEnumerable<double> values) => Quantiles.Of([.. values.Order()], 0.5);
}

/// <summary>A step's median time, the share of it that workers waited for others, and the least time that its roofline allows, in milliseconds.</summary>
internal sealed record ProfiledStep(PlanStep Step, double Milliseconds, double Waiting, double Least)
{
    public double GigaFlops => Milliseconds > 0 ? 2e-6 * Step.Macs / Milliseconds : 0;

    public double GigaBytes => Milliseconds > 0 ? 1e-6 * Step.Bytes / Milliseconds : 0;

    /// <summary>How much of what the roofline allows is reached; above 1 where fewer products do than the definition has.</summary>
    public double RooflineShare => Milliseconds > 0 ? Least / Milliseconds : 0;
}
