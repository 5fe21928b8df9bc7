namespace LungSeg.Engine;

/// <summary>How a graph is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>Module paths whose results become further outputs, in this order.</summary>
    public IReadOnlyList<string> Taps { get; init; } = [];

    /// <summary>Whether passes may fuse operations; off shows every module's result as the reference computes it.</summary>
    public bool Fuse { get; init; } = true;
}
