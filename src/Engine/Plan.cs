namespace LungSeg.Engine;

/// <summary>
/// A network bound to one input shape. <see cref="Execute"/> reads <see cref="Input"/>, fills <see cref="Outputs"/> and
/// allocates nothing. A plan is run by one thread at a time.
/// </summary>
public abstract class Plan : IDisposable
{
    /// <summary>The picture that goes in.</summary>
    public abstract Buffer Input { get; }

    /// <summary>The results, in the graph's order.</summary>
    public abstract IReadOnlyList<Buffer> Outputs { get; }

    /// <summary>The network's own output.</summary>
    public Buffer Output => Outputs[0];

    /// <summary>Bytes of working memory, without weights.</summary>
    public abstract long ArenaBytes { get; }

    /// <summary>What a run launches, in order.</summary>
    public abstract IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>Runs the network once.</summary>
    public abstract void Execute();

    /// <summary>Runs the network once and tells when each worker was at each step, ordered by step. Allocates, unlike <see cref="Execute"/>.</summary>
    public abstract IReadOnlyList<StepSpan> Profile();

    /// <summary>Frees the working memory.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    protected virtual void Dispose(bool disposing) { }
}
