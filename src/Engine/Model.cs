namespace LungSeg.Engine;

/// <summary>A network on a backend: passes applied, weights ready. Its plans share the weights and must go first.</summary>
public abstract class Model(Graph graph) : IDisposable
{
    /// <summary>The graph as the backend runs it, after the passes.</summary>
    public Graph Graph { get; } = graph;

    /// <summary>Prepares runs for one input shape: memory, kernels, launches. Channels are the network's own.</summary>
    public abstract Plan Plan(int n, int h, int w);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool disposing) { }
}
