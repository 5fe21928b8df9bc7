using LungSeg.Engine.Weights;

namespace LungSeg.Engine;

/// <summary>
/// One launch of a plan: the module path of the node whose result, or part of it, it computes, the kernel that the backend
/// chose, and what it costs. <see cref="Macs"/> are the definition's multiply-accumulates, which a kernel may do fewer of;
/// <see cref="Bytes"/> are what must be read and written once at least: inputs, weights and result.
/// </summary>
public sealed record PlanStep(string Path, string Operation, string Kernel, Shape Output, long Macs, long Bytes)
{
    /// <summary>
    /// The steps of a plan's launches: what a node costs is shared out among its launches. <paramref name="unstored"/> are the nodes that
    /// are computed on the way to a node and never stored; maps and weights have so many bytes in an element.
    /// </summary>
    internal static IReadOnlyList<PlanStep> Of(IReadOnlyList<(Tensor Node, string Kernel)> launches,
        Func<Tensor, IEnumerable<Tensor>> unstored, int elementBytes = sizeof(float))
    {
        Dictionary<Tensor, int> count = launches.CountBy(launch => launch.Node).ToDictionary(), seen = [];
        var steps = new List<PlanStep>(launches.Count);
        foreach ((Tensor node, string kernel) in launches)
        {
            PlanStep whole = Of(kernel, node, [.. unstored(node)]);
            int index = seen.GetValueOrDefault(node);
            seen[node] = index + 1;
            long bytes = whole.Bytes / sizeof(float) * elementBytes;
            steps.Add(whole with { Macs = Share(whole.Macs, index, count[node]), Bytes = Share(bytes, index, count[node]) });
        }
        return steps;
    }

    /// <summary>A kernel that computes a node from its inputs, and some nodes before it that are never stored.</summary>
    internal static PlanStep Of(string kernel, Tensor node, params ReadOnlySpan<Tensor> unstored)
    {
        long macs = node.Macs;
        HashSet<Tensor> inputs = [.. node.Inputs];
        HashSet<Parameter> weights = [.. node.Op.Parameters];
        foreach (Tensor before in unstored)
        {
            macs += before.Macs;
            inputs.Remove(before);
            inputs.UnionWith(before.Inputs);
            weights.UnionWith(before.Op.Parameters);
        }
        long floats = node.Shape.Count + inputs.Sum(input => input.Shape.Count) + weights.Sum(weight => weight.Count);
        return new PlanStep(node.Path, node.Op.Name, kernel, node.Shape, macs, floats * sizeof(float));
    }

    private static long Share(long total, int index, int count) => (total * (index + 1) / count) - (total * index / count);
}

/// <summary>When a worker began and ended its part of a step, from the start of the run.</summary>
public readonly record struct StepSpan(int Step, int Worker, TimeSpan Begin, TimeSpan End);
