namespace LungSeg.Kernels.Abi;

/// <summary>Average pooling over windows, as AvgPool2dOp describes it.</summary>
internal struct WindowPoolParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    public int Batch;

    public int KernelSize;

    public int Stride;

    public int Padding;

    /// <summary>1 if padding counts as zeros, 0 if only the map's own pixels are averaged.</summary>
    public int CountIncludePad;
}
