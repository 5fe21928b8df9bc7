using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A 1x1 convolution of few pixels, as on pooled maps: a warp computes one filter of one pixel.</summary>
internal struct LinearParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>Added before the activation; Address 0: none.</summary>
    public DeviceMap Residual;

    /// <summary>[filter][channel], channels padded with zeros to Input's padded channels, of the storage type.</summary>
    public long Weights;

    /// <summary>float32 for each filter; 0: none.</summary>
    public long Bias;

    public int Batch;

    public Activation Activation;
}
