using LungSeg.Engine.Passes;

namespace LungSeg.Engine;

/// <summary>How a graph is loaded.</summary>
public sealed record LoadOptions
{
    private readonly FusionPatterns _patterns = FusionPatterns.All;

    /// <summary>Module paths whose results become further outputs, in this order.</summary>
    public IReadOnlyList<string> Taps { get; init; } = [];

    /// <summary>Whether operations may be fused; off shows every module's result as the reference computes it.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>
    /// Whether the arrays that large weights are read into are collected, and the heap compacted, while plans are prepared: less memory at
    /// the peak, for a pause of the whole process after every 32 MB of weights. For programs that do nothing else meanwhile.
    /// </summary>
    public bool CompactHeap { get; init; }

    /// <summary>How the CPU computes integer products; null for its fastest, but where a test chooses.</summary>
    internal Backends.Cpu.Int8.IntegerPath? IntegerPath { get; init; }

    /// <summary>The patterns by which operations are fused: all of them, but where a test switches some off.</summary>
    internal FusionPatterns Patterns
    {
        get => Fuse ? _patterns : FusionPatterns.None;
        init => _patterns = value;
    }
}
