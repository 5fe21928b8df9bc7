namespace LungSeg.Kernels.Abi;

/// <summary>
/// A convolution of any kind, one result for each thread: any number of channels and filters in a group, inputs of any layout.
/// Element (n, c, h, w) of the input lies n · ImageStride + c · ChannelStride + h · RowStride + w · ColumnStride elements after
/// Input.
/// </summary>
internal struct DirectConvParameters
{
    public DeviceMap Output;

    /// <summary>Added before the activation; Address 0: none.</summary>
    public DeviceMap Residual;

    public long Input;

    /// <summary>float32 [r][s][input channel of a group][output channel].</summary>
    public long Weights;

    /// <summary>float32 for each output channel; 0: none.</summary>
    public long Bias;

    public long ImageStride;

    public int ChannelStride;

    public int RowStride;

    public int ColumnStride;

    public int Batch;

    public int Height;

    public int Width;

    /// <summary>Input channels of a group.</summary>
    public int Channels;

    /// <summary>Filters of a group.</summary>
    public int Filters;

    public int R;

    public int S;

    public int Stride;

    public int Dilation;

    public int PadTop;

    public int PadLeft;

    /// <summary>Output rows and columns of this launch, placed as in <see cref="ConvParameters"/>.</summary>
    public int Rows;

    public int Columns;

    public int FirstRow;

    public int FirstColumn;

    public int Step;

    public int Activation;
}
