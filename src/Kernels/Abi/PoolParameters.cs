namespace LungSeg.Kernels.Abi;

/// <summary>
/// Average pooling to Bins x Bins in two launches, so that large bins are summed by many blocks: pool_sums adds up each part of
/// each bin, pool_mean adds the parts up in their order and divides.
/// </summary>
internal struct PoolParameters
{
    public DeviceMap Input;

    /// <summary>Bins x Bins pixels.</summary>
    public DeviceMap Output;

    /// <summary>float32 [part][n][bin][PartialStride].</summary>
    public long Partial;

    public int PartialStride;

    /// <summary>Parts of a bin, split by rows.</summary>
    public int Parts;

    public int Batch;

    /// <summary>Vectors of channels of a block of pool_sums.</summary>
    public const int BlockVectors = 8;

    /// <summary>Elements of Partial.</summary>
    public readonly long PartialFloats => (long)Parts * Batch * Output.Height * Output.Width * PartialStride;

    /// <summary>Blocks of pool_sums for maps whose threads move so many channels: of vectors of channels, bins, parts of images.</summary>
    public readonly GridSize SumsGrid(int width) =>
        new(GridSize.Up(GridSize.Up(Input.Channels, width), BlockVectors), (long)Output.Height * Output.Width, (long)Batch * Parts);
}
