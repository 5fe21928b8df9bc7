using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A convolution of any kind, one result for each thread: any number of channels and filters in a group.</summary>
internal struct DirectConvParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>Added before the activation; Address 0: none.</summary>
    public DeviceMap Residual;

    /// <summary>float32 [r][s][input channel of a group][output channel].</summary>
    public long Weights;

    /// <summary>float32 for each output channel; 0: none.</summary>
    public long Bias;

    public int Batch;

    /// <summary>Input channels of a group.</summary>
    public int Channels;

    /// <summary>Filters of a group.</summary>
    public int Filters;

    public Window Window;

    /// <summary>Output rows and columns of this launch, placed as in <see cref="ConvParameters"/>.</summary>
    public int Rows;

    public int Columns;

    public int FirstRow;

    public int FirstColumn;

    public int Step;

    public Activation Activation;
}
