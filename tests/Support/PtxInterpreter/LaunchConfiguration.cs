namespace LungSeg.PtxInterpreter;

/// <summary>A launch: blocks along the grid's axes, threads of a block (along x), and its dynamic shared memory in bytes.</summary>
public readonly record struct LaunchConfiguration(int GridX, int GridY, int GridZ, int Threads, int SharedBytes)
{
    /// <summary>Blocks that run at the same time, each on a thread of its own.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Whether products may only read what a fence has shown to the tensor cores, as PTX's memory model asks.</summary>
    public bool ProxyFences { get; init; } = true;
}
