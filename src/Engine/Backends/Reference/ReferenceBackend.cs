namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// Plain loops over NCHW: the specification of every operation, which the fast backends are tested against. Sums are kept in
/// double and rounded to float32 once per operation. It never fuses, whatever <see cref="LoadOptions.Fuse"/> says; it runs
/// the graph as traced, with the asked taps as further outputs. Only a quantised network, whose layers are those of the folded graph, is
/// folded and fused first.
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
        options ??= new LoadOptions();
        Graph loaded = graph.Quantization is null ? graph.WithTaps(options.Taps) : Passes.StandardPasses.Apply(graph, options);
        using (_uses.Enter()) return new ReferenceModel(loaded, _uses);
    }

    /// <inheritdoc/>
    public void Dispose() => _uses.Close();
}
