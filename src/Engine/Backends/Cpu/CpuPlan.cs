namespace LungSeg.Engine.Backends.Cpu;

/// <summary>A network bound to one input shape: a list of kernels over one arena, run by all workers in step.</summary>
internal sealed unsafe class CpuPlan(
    Workers workers, Step[] steps, NativeMemoryBlock arena, CpuBuffer input, IReadOnlyList<CpuBuffer> outputs, nint scratchFloats)
    : Plan, IParallelWork
{
    private readonly NativeMemoryBlock _scratch = new(scratchFloats * workers.Count);
    private readonly Kernel[] _kernels = [.. steps.Select(step => step.Kernel)];

    public override Buffer Input => input;

    public override IReadOnlyList<Buffer> Outputs => outputs;

    public override long ArenaBytes => (arena.Floats + _scratch.Floats) * sizeof(float);

    /// <summary>The kernels in order, with the nodes that they compute.</summary>
    public IReadOnlyList<Step> Steps => steps;

    public override void Execute()
    {
        ObjectDisposedException.ThrowIf(_scratch.IsClosed, this);
        workers.Run(this);
    }

    void IParallelWork.Run(int worker)
    {
        float* scratch = _scratch.Data + (worker * scratchFloats);
        foreach (Kernel kernel in _kernels)
        {
            int units = kernel.Units;
            int begin = (int)((long)units * worker / workers.Count), end = (int)((long)units * (worker + 1) / workers.Count);
            if (begin < end) kernel.Run(begin, end, scratch);
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

/// <summary>A kernel and the node whose result, or part of it, it computes.</summary>
internal readonly record struct Step(Tensor Node, Kernel Kernel);
