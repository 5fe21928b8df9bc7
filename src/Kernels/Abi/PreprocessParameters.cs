namespace LungSeg.Kernels.Abi;

/// <summary>
/// From an image's samples, channels interleaved, to the network's planar float32 input, 3 x Height x Width. Positions and
/// weights of the resizing come from the host as tables, so that they are the host's bit for bit.
/// </summary>
internal struct PreprocessParameters
{
    /// <summary>Bytes (preprocess_u8) or 16-bit samples (preprocess_u16).</summary>
    public long Samples;

    /// <summary>3 planes of Height · Width.</summary>
    public long Output;

    /// <summary>For each output column (row): index of the source before it, and of the one after.</summary>
    public long ColumnBefore;

    public long ColumnAfter;

    public long RowBefore;

    public long RowAfter;

    /// <summary>
    /// preprocess_u8: OpenCV's two int32 coefficients for each column (row), 2048 in all. preprocess_u16: float32 weight of the
    /// source after.
    /// </summary>
    public long ColumnWeights;

    public long RowWeights;

    public int SourceWidth;

    public int SourceHeight;

    public int SourceChannels;

    public int Width;

    public int Height;

    /// <summary>preprocess_u8: 1 if both sides are halved exactly, which OpenCV does with a box filter.</summary>
    public int Halve;

    /// <summary>The largest sample, which becomes 1.</summary>
    public float MaxValue;

    /// <summary>1: plane 0 is the image's last channel.</summary>
    public int ReverseChannels;

    public float Mean0;

    public float Mean1;

    public float Mean2;

    public float Std0;

    public float Std1;

    public float Std2;
}
