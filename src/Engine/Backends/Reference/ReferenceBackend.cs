namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// Plain loops over NCHW: the specification of every operation, which the fast backends are tested against. Sums are kept in
/// double and rounded to float32 once per operation. It never fuses, whatever <see cref="LoadOptions.Fuse"/> says; it runs
/// the graph as traced, with the asked taps as further outputs.
/// </summary>
public sealed class ReferenceBackend : IBackend
{
    private readonly UseCount _uses = new(typeof(ReferenceBackend), () => { });

    /// <inheritdoc/>
    public string Description => "reference: plain loops in double precision";

    /// <inheritdoc/>
    public Model Load(Graph graph, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        using (_uses.Enter()) return new ReferenceModel(graph.WithTaps((options ?? new LoadOptions()).Taps), _uses);
    }

    /// <inheritdoc/>
    public void Dispose() => _uses.Close();
}
