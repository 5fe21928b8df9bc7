using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Cli.Profiling;

/// <summary>
/// What a device reaches at best, measured on it: arithmetic in a large 1x1 convolution, and memory in a sum of two maps that no
/// cache holds. A step can take no less time than its work at both of these; one that needs fewer products than its definition can.
/// </summary>
internal sealed record Roofline(double GigaFlops, double GigaBytes)
{
    private const int Channels = 512, Side = 48, WideChannels = 64, WideSide = 640;
    private const double Seconds = 0.3;

    public static Roofline Measure(IBackend backend)
    {
        PlanStep product = Best(backend, Graph.Record(new Shape(1, Channels, Side, Side), x =>
            new LungSeg.Engine.Nn.Conv2d(new WeightScope(new SyntheticWeights())["roofline"], Channels, Channels, 1).Forward(x)), out double productMilliseconds);
        PlanStep sum = Best(backend, Graph.Record(new Shape(1, WideChannels, WideSide, WideSide), x => x.Add(x)), out double sumMilliseconds);
        return new Roofline(2e-6 * product.Macs / productMilliseconds, 1e-6 * sum.Bytes / sumMilliseconds);
    }

    /// <summary>The least time of a step.</summary>
    public double Milliseconds(PlanStep step) => Math.Max(2e-6 * step.Macs / GigaFlops, 1e-6 * step.Bytes / GigaBytes);

    // The shortest time of the graph's longest step.
    private static PlanStep Best(IBackend backend, Graph graph, out double milliseconds)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        double[] best = new double[plan.Steps.Count];
        Array.Fill(best, double.PositiveInfinity);
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds; run++)
        {
            double[] times = StepTimes.Of(plan.Profile(), best.Length);
            for (int step = 0; step < best.Length; step++) best[step] = Math.Min(best[step], times[step]);
        }
        int longest = Array.IndexOf(best, best.Max());
        milliseconds = best[longest];
        return plan.Steps[longest];
    }
}
