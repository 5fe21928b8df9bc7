namespace LungSeg.Kernels.Abi;

/// <summary>Softmax over parts of the channels, as SoftmaxOp describes it.</summary>
internal struct SoftmaxParameters
{
    public DeviceMap Input;

    /// <summary>Its channels are those of a pixel in memory, padding included.</summary>
    public DeviceMap Output;

    public int Batch;

    /// <summary>Channels, padding left out.</summary>
    public int Channels;

    public int Radix;

    public int Cardinality;
}
