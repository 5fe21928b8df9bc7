using System.Diagnostics;
using LungSeg.Engine;
using LungSeg.Engine.Nn;
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

    // The network's input is laid out for images, so the second of two convolutions is the one that counts.
    public static Roofline Measure(IBackend backend)
    {
        var scope = new WeightScope(new SyntheticWeights())["roofline"];
        Graph products = Graph.Record(new Shape(1, Channels, Side, Side), x =>
            new Conv2d(scope["second"], Channels, Channels, 1).Forward(new Conv2d(scope["first"], Channels, Channels, 1).Forward(x)));
        Graph sum = Graph.Record(new Shape(1, WideChannels, WideSide, WideSide), x => x.Add(x));
        return new Roofline(Best(backend, products, step => 2e-6 * step.Macs), Best(backend, sum, step => 1e-6 * step.Bytes));
    }

    /// <summary>The least time of a step.</summary>
    public double Milliseconds(PlanStep step) => Math.Max(2e-6 * step.Macs / GigaFlops, 1e-6 * step.Bytes / GigaBytes);

    // The most work that any of the graph's steps has done in a millisecond.
    private static double Best(IBackend backend, Graph graph, Func<PlanStep, double> work)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        double best = 0;
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < Seconds; run++)
        {
            double[] times = StepTimes.Of(plan.Profile(), plan.Steps.Count);
            best = Math.Max(best, plan.Steps.Zip(times, (step, time) => work(step) / time).Max());
        }
        return best;
    }
}
