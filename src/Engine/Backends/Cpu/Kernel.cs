namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// One launch of a plan. The work is cut into units that depend on nothing but the shapes; a worker runs a range of them,
/// and each unit computes the same bits whoever runs it.
/// </summary>
internal abstract unsafe class Kernel
{
    /// <summary>What is computed and how, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Which code runs: the just-in-time compiler makes it once for all kernels of a kind.</summary>
    public virtual KernelKind Kind => new(GetType());

    /// <summary>How many units the work has.</summary>
    public abstract int Units { get; }

    /// <summary>Floats of working memory that a worker needs.</summary>
    public virtual nint ScratchFloats => 0;

    /// <summary>Runs the units from begin to before end.</summary>
    public abstract void Run(int begin, int end, float* scratch);
}

/// <summary>
/// The code that a kernel runs: its class; the class that makes its input's rows, if there is one; its window; and what else chooses
/// between routines of the class.
/// </summary>
internal readonly record struct KernelKind(Type Kernel, Type? Rows = null, int R = 0, int S = 0, int Variant = 0);
