using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>
/// Squeeze-and-excitation in one launch: the map's mean, a linear layer to Hidden channels with Activation, one back with a
/// sigmoid. The mean comes in parts, so that many multiprocessors can sum a large map: pool_sums makes them.
/// </summary>
internal struct SqueezeExciteParameters
{
    /// <summary>The gate, 1 x 1 pixel.</summary>
    public DeviceMap Output;

    /// <summary>float32 sums [part][n][PartialStride].</summary>
    public long Partial;

    /// <summary>[hidden][channel], channels padded with zeros to a multiple of 8, of the storage type.</summary>
    public long ReduceWeights;

    /// <summary>float32 [hidden].</summary>
    public long ReduceBias;

    /// <summary>[channel][hidden], hidden padded with zeros to a multiple of 8, of the storage type.</summary>
    public long ExpandWeights;

    /// <summary>float32 [channel].</summary>
    public long ExpandBias;

    public int PartialStride;

    public int Parts;

    public int Batch;

    /// <summary>At most 512.</summary>
    public int Hidden;

    /// <summary>1 / pixels of the pooled map.</summary>
    public float Scale;

    public Activation Activation;

    /// <summary>Elements of Partial.</summary>
    public readonly long PartialFloats => (long)Parts * Batch * PartialStride;
}
