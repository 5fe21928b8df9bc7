namespace LungSeg.Engine.Backends.Reference;

/// <summary>A graph with a kernel and its weights for each node.</summary>
internal sealed class ReferenceModel : Model
{
    private readonly Kernel[] _kernels;

    public ReferenceModel(Graph graph) : base(graph) => _kernels = [.. graph.Nodes.Select(Kernels.Bind)];

    public override Plan Plan(int n, int h, int w)
    {
        var input = new Shape(n, Graph.Input.Shape.C, h, w);
        if (n < 1 || h < 1 || w < 1) throw new ShapeException($"expected an input of at least one pixel, found {input}");
        return new ReferencePlan(Graph.WithInput(input), _kernels);
    }
}
