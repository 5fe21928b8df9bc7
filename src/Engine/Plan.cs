namespace LungSeg.Engine;

/// <summary>
/// A network bound to one input shape. <see cref="Execute()"/> reads <see cref="Input"/>, fills <see cref="Outputs"/> and
/// allocates nothing. A plan is run by one thread at a time; a second gets <see cref="InvalidOperationException"/>. It may be disposed
/// while it runs, and so may its model and backend: the run ends first, and the next throws <see cref="ObjectDisposedException"/>.
/// </summary>
public abstract class Plan : IDisposable
{
    private int _running;

    private protected Plan(UseCount model) => Uses = new UseCount(typeof(Plan), Free, model);

    /// <summary>The image that goes in.</summary>
    public abstract Buffer Input { get; }

    /// <summary>The results, in the graph's order.</summary>
    public abstract IReadOnlyList<Buffer> Outputs { get; }

    /// <summary>The network's own output.</summary>
    public Buffer Output => Outputs[0];

    /// <summary>Bytes of working memory, without weights.</summary>
    public abstract long ArenaBytes { get; }

    /// <summary>What a run launches, in order.</summary>
    public abstract IReadOnlyList<PlanStep> Steps { get; }

    /// <summary>Who uses the working memory now.</summary>
    internal UseCount Uses { get; }

    /// <summary>Runs the network once.</summary>
    public void Execute() => Execute(CancellationToken.None);

    /// <summary>
    /// Runs the network once. Throws <see cref="OperationCanceledException"/> where the token asks for it: it is looked at before the run,
    /// and between layers where the backend runs one after the other (a GPU runs all of them as one piece). The outputs then hold anything.
    /// </summary>
    public void Execute(CancellationToken cancellation)
    {
        using (Begin()) Run(cancellation);
    }

    /// <summary>
    /// Fills <see cref="Input"/>, runs the network once and reads <see cref="Output"/>, float32 in NCHW order. Throws
    /// <see cref="ShapeException"/> unless the spans hold exactly their shapes' elements, and cancels as
    /// <see cref="Execute(CancellationToken)"/>.
    /// </summary>
    public void Execute(ReadOnlySpan<float> input, Span<float> output, CancellationToken cancellation = default)
    {
        Input.Check(input.Length);
        Output.Check(output.Length);
        using (Begin())
        {
            Input.Write(input);
            Run(cancellation);
            Output.Read(output);
        }
    }

    /// <summary>
    /// Runs the network once and tells when each worker was at each step, ordered by step. Allocates, unlike <see cref="Execute()"/>.
    /// </summary>
    public IReadOnlyList<StepSpan> Profile()
    {
        using (Begin()) return RunProfiled();
    }

    /// <summary>Frees the working memory, once nobody uses it.</summary>
    public void Dispose()
    {
        Uses.Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins a run, the only one of this plan for its time.</summary>
    internal Turn Begin()
    {
        UseCount.Use use = Uses.Enter();
        if (Interlocked.Exchange(ref _running, 1) == 0) return new Turn(this, use);
        use.Dispose();
        throw new InvalidOperationException(
            "the plan is being run: a plan is run by one thread at a time, and each thread needs one of its own");
    }

    /// <summary><see cref="Execute()"/> within a run that has begun.</summary>
    private protected abstract void Run(CancellationToken cancellation);

    /// <summary><see cref="Profile"/> within a run that has begun.</summary>
    private protected abstract IReadOnlyList<StepSpan> RunProfiled();

    /// <summary>Frees the working memory; also of a plan whose constructor failed.</summary>
    private protected virtual void Free() { }

    /// <summary>A run of a plan, which its disposal ends.</summary>
    internal readonly struct Turn(Plan plan, UseCount.Use use) : IDisposable
    {
        public void Dispose()
        {
            Volatile.Write(ref plan._running, 0);
            use.Dispose();
        }
    }
}
