namespace LungSeg.Engine;

/// <summary>
/// A network on a backend: passes applied, weights ready, shared by its plans. Once it or its backend is disposed, its plans' next runs
/// throw <see cref="ObjectDisposedException"/>; a run that is under way ends first, and the weights are freed after it.
/// </summary>
public abstract class Model : IDisposable
{
    private protected Model(Graph graph, UseCount? backend)
    {
        Graph = graph;
        Uses = new UseCount(typeof(Model), Free, backend);
    }

    /// <summary>The graph as the backend runs it, after the passes.</summary>
    public Graph Graph { get; }

    /// <summary>Who uses the weights now.</summary>
    internal UseCount Uses { get; }

    /// <summary>
    /// Prepares runs for one input shape: memory, kernels, launches. Channels are the network's own. Throws <see cref="ShapeException"/>
    /// for a shape that the network cannot take, <see cref="DeviceException"/> where memory does not suffice.
    /// </summary>
    public Plan Plan(int n, int h, int w)
    {
        if (n < 1 || h < 1 || w < 1) throw new ShapeException($"expected a batch, height and width of at least 1, found {n}, {h}, {w}");
        // Maps further in have several times as many values as the input, and offsets in them must not wrap.
        if ((long)h * w > int.MaxValue / Graph.Input.Shape.C / n)
            throw new ShapeException($"expected an input of at most {int.MaxValue} values, found {n} x {Graph.Input.Shape.C} x {h} x {w}");
        using (Uses.Enter()) return Build(Graph.WithInput(new Shape(n, Graph.Input.Shape.C, h, w)));
    }

    /// <summary>Frees the weights, once nobody uses them.</summary>
    public void Dispose()
    {
        Uses.Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// What weights and a plan would take, without taking it. Throws <see cref="DeviceException"/> for backends that cannot tell.
    /// </summary>
    internal virtual MemoryNeed Measure(int n, int h, int w) =>
        throw new DeviceException("a memory limit is for the CPU alone: leave it away for other backends");

    /// <summary>Prepares runs of the graph, which has the asked input shape.</summary>
    private protected abstract Plan Build(Graph graph);

    /// <summary>Frees the weights.</summary>
    private protected virtual void Free() { }
}
