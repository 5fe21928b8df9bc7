namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A GPU kernel: what it does, what it needs, how it is launched.</summary>
internal sealed record KernelInfo
{
    /// <summary>The entry point.</summary>
    public required string Name { get; init; }

    /// <summary>What it computes; kernels of a family take the same parameters.</summary>
    public required string Family { get; init; }

    /// <summary>What products are rounded to: f32, tf32 or f16; empty where there are none.</summary>
    public required string Precision { get; init; }

    /// <summary>Element type of the maps: f32 or f16; empty where there are none.</summary>
    public required string Storage { get; init; }

    /// <summary>Channels that a thread moves at once: 8, or 1 for maps of one channel.</summary>
    public required int Width { get; init; }

    /// <summary>The architecture that the module is written for: sm_60, sm_80 (and later ones), sm_90a (that one alone).</summary>
    public required string Target { get; init; }

    /// <summary>Threads of a block.</summary>
    public required int Threads { get; init; }

    /// <summary>Dynamic shared memory of a block.</summary>
    public required int SharedBytes { get; init; }

    /// <summary>Pixels (or rows) of a block; 0 where a kernel has no tiles.</summary>
    public required int TileM { get; init; }

    /// <summary>Filters (or columns) of a block.</summary>
    public required int TileN { get; init; }

    /// <summary>Depth of a step of the reduction.</summary>
    public required int TileK { get; init; }

    /// <summary>Whether the input is multiplied by a gate on the way.</summary>
    public required bool Gate { get; init; }

    /// <summary>Bytes of the parameter structure.</summary>
    public required int ParameterBytes { get; init; }

    /// <summary>The module as PTX text in ASCII, with the zero byte behind it that the driver asks for.</summary>
    public byte[] ReadPtx() => KernelLibrary.Read($"{Name}.ptx", terminator: 1);
}
