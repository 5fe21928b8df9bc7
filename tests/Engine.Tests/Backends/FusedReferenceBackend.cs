using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>The reference backend on the graph that a rule makes first: the standard passes, or a mistake that must be found.</summary>
internal sealed class FusedReferenceBackend(Func<Graph, LoadOptions, Graph>? rule = null) : IBackend
{
    private readonly ReferenceBackend _reference = new();

    public string Description => "reference on a rewritten graph";

    public Model Load(Graph graph, LoadOptions? options = null) =>
        _reference.Load((rule ?? StandardPasses.Apply)(graph, options ?? new LoadOptions()), new LoadOptions());

    public void Dispose() => _reference.Dispose();
}
