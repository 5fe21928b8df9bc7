using LungSeg.Engine.Passes;

namespace LungSeg.Engine;

/// <summary>The simplest choice of quantisations: from the least and the greatest value of each tensor on some images.</summary>
internal static class MinMaxCalibration
{
    /// <summary>Runs a network in float32 on a backend and returns the table of the ranges that were seen.</summary>
    /// <param name="graph">The network as traced.</param>
    /// <param name="backend">What runs it.</param>
    /// <param name="images">Inputs of the graph in NCHW order.</param>
    /// <param name="computedInFloat">Names of nodes that stay in float32, with the reason.</param>
    public static QuantizationTable Of(
        Graph graph, IBackend backend, IEnumerable<float[]> images, IReadOnlyDictionary<string, string>? computedInFloat = null)
    {
        Graph folded = StandardPasses.Fold(graph, new LoadOptions());
        (Graph observed, IReadOnlyList<(string Name, bool Before)> values) = Observe.Apply(folded);
        using Model model = backend.Load(observed);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        var ranges = new Dictionary<(string Name, bool Before), ValueRange>();
        foreach (float[] image in images)
        {
            plan.Input.CopyFrom(image);
            plan.Execute();
            for (int i = 0; i < values.Count; i++)
            {
                float[] read = plan.Outputs[i].ToArray();
                var range = new ValueRange(read.Min(), read.Max());
                ranges[values[i]] = ranges.TryGetValue(values[i], out ValueRange known) ? known.Union(range) : range;
            }
        }
        return QuantizationTable.Of(folded, name => ranges[(name, false)], name => ranges[(name, true)], computedInFloat);
    }
}
