namespace LungSeg.Engine.Backends.Cpu;

/// <summary>A network bound to one input shape: a list of kernels over one arena, run by all workers in step.</summary>
internal sealed unsafe class CpuPlan : Plan, IParallelWork
{
    private readonly Workers _workers;
    private readonly NativeMemoryBlock _arena;
    private readonly NativeMemoryBlock _scratch;

    // Each worker's begins at a cache line, and kernels may run a vector over the end of theirs.
    private readonly nint _scratchStride;
    private readonly Kernel[] _kernels;
    private readonly UnitShares[] _shares;
    private StepClock? _clock;
    private CancellationToken _cancellation;
    private int _lastStep;

    /// <summary>Takes over the arena, in which the input and the outputs lie.</summary>
    public CpuPlan(UseCount model, Workers workers, Step[] steps, NativeMemoryBlock arena, CpuTensor input, CpuTensor[] outputs,
        nint scratchFloats) : base(model)
    {
        (_workers, _arena) = (workers, arena);
        _scratchStride = (scratchFloats + (2 * CpuTensor.Lanes) - 1) / CpuTensor.Lanes * CpuTensor.Lanes;
        _kernels = [.. steps.Select(step => step.Kernel)];
        _shares = [.. steps.Select(step => new UnitShares(step.Kernel.Units, workers.Count))];
        Steps = [.. steps.Select(step => step.Description)];
        Input = new CpuBuffer(input, Uses);
        Outputs = [.. outputs.Select(output => new CpuBuffer(output, Uses))];
        _scratch = new NativeMemoryBlock((scratchFloats + (2 * CpuTensor.Lanes)) * workers.Count);
    }

    public override Buffer Input { get; }

    public override IReadOnlyList<Buffer> Outputs { get; }

    public override long ArenaBytes => (_arena.Floats + _scratch.Floats) * sizeof(float);

    public override IReadOnlyList<PlanStep> Steps { get; }

    private protected override void Run(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (UnitShares shares in _shares) shares.Deal();
        (_cancellation, _lastStep) = (cancellation, _kernels.Length);
        _workers.Run(this);
        _cancellation = default;
        if (_lastStep < _kernels.Length) cancellation.ThrowIfCancellationRequested();
    }

    private protected override IReadOnlyList<StepSpan> RunProfiled()
    {
        _clock = new StepClock(_kernels.Length, _workers.Count);
        try
        {
            Run(CancellationToken.None);
            return _clock.Spans();
        }
        finally
        {
            _clock = null;
        }
    }

    private protected override void Free()
    {
        _arena.Dispose();
        _scratch.Dispose();
    }

    void IParallelWork.Run(int worker)
    {
        StepClock? clock = _clock;
        float* scratch = _scratch.Data + (worker * _scratchStride);
        for (int step = 0; step < _kernels.Length; step++)
        {
            clock?.Begin(step, worker);
            while (_shares[step].Take(worker, out int begin, out int end)) _kernels[step].Run(begin, end, scratch);
            clock?.End(step, worker);
            // One worker looks, before the step's end: all stop after the same step, even those that read this while it is a step ahead.
            if (worker == 0 && _cancellation.IsCancellationRequested) Volatile.Write(ref _lastStep, Math.Min(_lastStep, step));
            _workers.Wait();
            if (Volatile.Read(ref _lastStep) <= step) return;
        }
    }
}

/// <summary>A kernel and what it is for.</summary>
internal readonly record struct Step(PlanStep Description, Kernel Kernel);
