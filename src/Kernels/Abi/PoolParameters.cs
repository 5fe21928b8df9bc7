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
}
