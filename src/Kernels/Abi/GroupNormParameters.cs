namespace LungSeg.Kernels.Abi;

/// <summary>
/// Group normalisation: group_norm_moments leaves each part's mean and sum of squared deviations of each channel, group_norm_scale
/// makes a scale and a shift for each image and channel of them, and scale_shift applies these.
/// </summary>
internal struct GroupNormParameters
{
    public DeviceMap Input;

    /// <summary>float32 [part][n][2][ChannelStride]: means, then sums of squared deviations.</summary>
    public long Partial;

    /// <summary>float32 for each channel.</summary>
    public long Weight;

    public long Bias;

    /// <summary>float32 [n][ChannelStride].</summary>
    public long Scale;

    public long Shift;

    /// <summary>Input's padded channels.</summary>
    public int ChannelStride;

    /// <summary>Parts of an image: part i of p holds its pixels from i · pixels / p on.</summary>
    public int Parts;

    public int Groups;

    public int Batch;

    public float Epsilon;
}
