namespace LungSeg.Engine.Backends.Cpu;

/// <summary>A network bound to one input shape: a list of kernels over one arena, run by all workers in step.</summary>
internal sealed unsafe class CpuPlan(
    Workers workers, Step[] steps, NativeMemoryBlock arena, CpuBuffer input, IReadOnlyList<CpuBuffer> outputs, nint scratchFloats)
    : Plan, IParallelWork
{
    // Each worker's begins at a cache line, and kernels may run a vector over the end of theirs.
    private readonly nint _scratchStride = (scratchFloats + (2 * CpuTensor.Lanes) - 1) / CpuTensor.Lanes * CpuTensor.Lanes;
    private readonly NativeMemoryBlock _scratch = new((scratchFloats + (2 * CpuTensor.Lanes)) * workers.Count);
    private StepClock? _clock;
    private readonly Kernel[] _kernels = [.. steps.Select(step => step.Kernel)];
    private readonly UnitShares[] _shares = [.. steps.Select(step => new UnitShares(step.Kernel.Units, workers.Count))];

    public override Buffer Input => input;

    public override IReadOnlyList<Buffer> Outputs => outputs;

    public override long ArenaBytes => (arena.Floats + _scratch.Floats) * sizeof(float);

    public override IReadOnlyList<PlanStep> Steps { get; } = [.. steps.Select(step => step.Description)];

    public override void Execute()
    {
        ObjectDisposedException.ThrowIf(_scratch.IsClosed, this);
        foreach (UnitShares shares in _shares) shares.Deal();
        workers.Run(this);
    }

    public override IReadOnlyList<StepSpan> Profile()
    {
        _clock = new StepClock(_kernels.Length, workers.Count);
        try
        {
            Execute();
            return _clock.Spans();
        }
        finally
        {
            _clock = null;
        }
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
            workers.Wait();
        }
    }

    protected override void Dispose(bool disposing)
    {
        arena.Dispose();
        _scratch.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>A kernel and what it is for.</summary>
internal readonly record struct Step(PlanStep Description, Kernel Kernel);
