namespace LungSeg.Engine;

/// <summary>
/// Unique names of a graph's nodes: the path, and from the second node of a path on, in execution order, the path and its number, such as
/// <c>encoder.add#2</c>.
/// </summary>
internal static class NodeNames
{
    public static IReadOnlyDictionary<Tensor, string> Of(Graph graph)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        return graph.Nodes.ToDictionary(node => node, node =>
        {
            int number = seen[node.Path] = seen.GetValueOrDefault(node.Path) + 1;
            return number == 1 ? node.Path : $"{node.Path}#{number}";
        });
    }
}
