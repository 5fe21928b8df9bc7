using LungSeg.Engine;
using Buffer = LungSeg.Engine.Buffer;

namespace LungSeg.Cli.Verification;

/// <summary>A module's result, and whether it was computed in a second run without fusion.</summary>
internal sealed record Tap(string Path, Shape Shape, float[] Values, bool Unfused);

/// <summary>
/// Runs a network and reads modules' results without changing the numbers of the normal run. A result that the normal run stores is read
/// from a run with the same fusions; a result that fusion removes is computed in a run without fusion.
/// </summary>
internal sealed class TapRun(IBackend backend, Graph graph, float[] input)
{
    public const string Output = "output";

    // Tapped results stay in memory until a run ends, so many of them are read in several runs.
    private const long MaxFloatsAtOnce = 1 << 26;

    /// <summary>Whether a path is an output's: the first one is <see cref="Output"/>, the second, a label, has a 1 behind it.</summary>
    public static bool IsOutput(string path) => path == Output
        || (path.StartsWith($"{Output}.", StringComparison.Ordinal) && int.TryParse(path[(Output.Length + 1)..], out _));

    /// <summary>The plain run's outputs first, then the taps in execution order.</summary>
    public IEnumerable<Tap> Run(IEnumerable<string> paths)
    {
        HashSet<string> kept;
        using (Model model = backend.Load(graph, new LoadOptions { CompactHeap = true }))
        {
            kept = [.. model.Graph.Taps.Keys];
            using Plan plan = Execute(model);
            for (int i = 0; i < plan.Outputs.Count; i++)
                yield return new Tap(i == 0 ? Output : $"{Output}.{i}", plan.Outputs[i].Shape, plan.Outputs[i].ToArray(), false);
        }
        string[] ordered = InOrder(graph, paths);
        foreach (bool unfused in (bool[])[false, true])
        {
            foreach (List<string> group in Groups(ordered.Where(path => kept.Contains(path) != unfused)))
            {
                using Model model = backend.Load(graph, new LoadOptions { Taps = group, Fuse = !unfused, CompactHeap = true });
                using Plan plan = Execute(model);
                foreach ((string path, Buffer buffer) in group.Zip(plan.Outputs.Skip(1)))
                    yield return new Tap(path, buffer.Shape, buffer.ToArray(), unfused);
            }
        }
    }

    /// <summary>Module paths in the order in which their results are computed, inner modules before those around them.</summary>
    public static string[] InOrder(Graph graph, IEnumerable<string> paths)
    {
        Dictionary<Tensor, int> position =
            graph.Nodes.Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        return [.. paths.OrderBy(path => position[graph.Taps[path]]).ThenByDescending(path => path.Length)];
    }

    private Plan Execute(Model model)
    {
        Shape shape = graph.Input.Shape;
        Plan plan = model.Plan(shape.N, shape.H, shape.W);
        plan.Input.CopyFrom(input);
        plan.Execute();
        return plan;
    }

    private IEnumerable<List<string>> Groups(IEnumerable<string> paths)
    {
        List<string> group = [];
        long floats = 0;
        foreach (string path in paths)
        {
            long size = graph.Taps[path].Shape.Count;
            if (group.Count > 0 && floats + size > MaxFloatsAtOnce)
            {
                yield return group;
                (group, floats) = ([], 0);
            }
            group.Add(path);
            floats += size;
        }
        if (group.Count > 0) yield return group;
    }
}
