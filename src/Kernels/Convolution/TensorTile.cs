namespace LungSeg.Kernels.Convolution;

/// <summary>
/// What the tensor cores' convolutions bring to shared memory for a step: a row of the reduction for each pixel and filter.
/// </summary>
internal interface ITensorTile
{
    /// <summary>Pixels of a block.</summary>
    int M { get; }

    /// <summary>Filters of a block.</summary>
    int N { get; }

    /// <summary>Threads of a block; each brings 4 pieces of 16 bytes of the pixels' rows.</summary>
    int Threads { get; }

    /// <summary>Bytes of a row, 64 or 128: a step's share of the reduction.</summary>
    int RowBytes { get; }
}
