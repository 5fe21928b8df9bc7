using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Passes;

namespace LungSeg.Models.Calibration;

/// <summary>A value that was observed: a node's result, or its value before an activation that is a table.</summary>
internal readonly record struct ObservedValue(string Name, bool Before);

/// <summary>Runs a folded graph in float32 on images and shows every value in it.</summary>
internal static class Observations
{
    // Values that are outputs at a time: 256 MiB.
    private const long MaxValues = 64L << 20;

    /// <summary>Called with each value of each image, in NCHW order; the memory is used again afterwards.</summary>
    public delegate void Visitor(ObservedValue value, Shape shape, ReadOnlySpan<float> values);

    /// <summary>Shows all values for all inputs.</summary>
    /// <param name="folded">The graph after the standard passes.</param>
    /// <param name="inputs">The network's inputs, one image each.</param>
    /// <param name="backend">Where it runs.</param>
    /// <param name="visit">What is done with each value.</param>
    /// <param name="cancellation">Looked at between images.</param>
    public static void Run(
        Graph folded, IReadOnlyList<float[]> inputs, CpuBackend backend, Visitor visit, CancellationToken cancellation = default)
    {
        (Graph observed, IReadOnlyList<(string Name, bool Before)> values) = Observe.Apply(folded);
        for (int start = 0, end; start < values.Count; start = end)
        {
            long count = 0;
            for (end = start; end < values.Count && (end == start || count < MaxValues); end++) count += observed.Outputs[end].Shape.Count;
            (int first, int last) = (start, end);
            Graph part = observed.WithOutputs(outputs => [.. outputs.Take(first..last)]);
            using Model model = backend.Load(part, new LoadOptions { Fuse = false });
            using Plan plan = model.Plan(1, folded.Input.Shape.H, folded.Input.Shape.W);
            foreach (float[] input in inputs)
            {
                cancellation.ThrowIfCancellationRequested();
                plan.Input.CopyFrom(input);
                plan.Execute(cancellation);
                for (int i = first; i < last; i++)
                {
                    Engine.Buffer buffer = plan.Outputs[i - first];
                    visit(new ObservedValue(values[i].Name, values[i].Before), buffer.Shape, buffer.ToArray());
                }
            }
        }
    }
}
