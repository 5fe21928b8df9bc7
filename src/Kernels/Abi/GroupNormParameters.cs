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

    /// <summary>Vectors of channels of a block of group_norm_moments.</summary>
    public const int BlockVectors = 8;

    /// <summary>Elements of Partial.</summary>
    public readonly long PartialFloats => (long)Parts * Batch * 2 * ChannelStride;

    /// <summary>Elements of Scale, and of Shift.</summary>
    public readonly long CoefficientFloats => (long)Batch * ChannelStride;

    /// <summary>Blocks of group_norm_moments for maps whose threads move so many channels: of vectors of channels, parts, images.</summary>
    public readonly GridSize MomentsGrid(int width) => new(GridSize.Up(GridSize.Up(Input.Channels, width), BlockVectors), Parts, Batch);

    /// <summary>Blocks of group_norm_scale: groups, images.</summary>
    public readonly GridSize ScaleGrid => new(Groups, Batch);
}
