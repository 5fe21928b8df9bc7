namespace LungSeg.Engine.Backends.Reference;

/// <summary>A graph with a kernel and its weights for each node.</summary>
internal sealed class ReferenceModel : Model
{
    private readonly Kernel[] _kernels;

    public ReferenceModel(Graph graph, UseCount backend) : base(graph, backend) => _kernels = [.. graph.Nodes.Select(Kernels.Bind)];

    private protected override Plan Build(Graph graph) => new ReferencePlan(graph, _kernels, Uses);
}
