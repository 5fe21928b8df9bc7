namespace LungSeg.PtxInterpreter.Execution;

/// <summary>A decoded instruction: registers are offsets into the warp's registers, immediates registers that hold them.</summary>
internal abstract class Operation
{
    /// <summary>Does the work of the lanes in the mask, which is never empty.</summary>
    public abstract void Execute(Warp warp, uint mask);
}

/// <summary>An operation with its guard, and where it stands in the program.</summary>
internal sealed class Step
{
    public required Operation Operation { get; init; }

    /// <summary>Predicate that guards it; −1: none.</summary>
    public int Guard { get; init; } = -1;

    public bool IsNegated { get; init; }

    /// <summary>The instruction's text, for faults.</summary>
    public required string Text { get; init; }

    public required StepKind Kind { get; init; }

    /// <summary>Branches: the step jumped to.</summary>
    public int Target { get; set; }

    /// <summary>Branches: where the lanes that part come together again; the program's length if only at its end.</summary>
    public int Reconvergence { get; set; }
}

/// <summary>What a step does to the flow of control.</summary>
internal enum StepKind
{
    /// <summary>Nothing: the next step follows.</summary>
    Plain,
    Branch,
    Exit,

    /// <summary>The warp waits for the block.</summary>
    Barrier,
}
