namespace LungSeg.Kernels.Abi;

/// <summary>Layer normalisation over the channels of each pixel.</summary>
internal struct ChannelNormParameters
{
    public DeviceMap Input;

    /// <summary>Its channels are those of a pixel in memory, padding included.</summary>
    public DeviceMap Output;

    /// <summary>float32 for each channel.</summary>
    public long Weight;

    public long Bias;

    public int Batch;

    /// <summary>Threads that share a pixel: <see cref="PixelLanes"/>, one for each channel.</summary>
    public int Lanes;

    public float Epsilon;
}
