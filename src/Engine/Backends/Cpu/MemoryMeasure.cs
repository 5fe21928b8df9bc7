namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// While it is open, the memory that its thread asks for is added up; large blocks have no memory behind them, and nothing is packed into
/// them. So a plan is built to learn what it would take, and is never run.
/// </summary>
internal sealed class MemoryMeasure : IDisposable
{
    private const nint LargeFloats = 1 << 16;

    [ThreadStatic]
    private static MemoryMeasure? _current;

    public MemoryMeasure() => _current = this;

    /// <summary>The measure that is open on this thread.</summary>
    public static MemoryMeasure? Current => _current;

    /// <summary>Bytes that were asked for so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a block; returns whether it is to have memory.</summary>
    public bool Add(nint floats)
    {
        Bytes += (long)floats * sizeof(float);
        return floats < LargeFloats;
    }

    public void Dispose() => _current = null;
}
