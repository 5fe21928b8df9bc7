using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A convolution with a single filter and stride 1, as in a segmentation head; Output has one channel.</summary>
internal struct HeadConvParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>Added before the activation, one channel; Address 0: none.</summary>
    public DeviceMap Residual;

    /// <summary>float32 [r][s][channel], channels padded with zeros to Input's padded channels.</summary>
    public long Weights;

    /// <summary>One float32; 0: none.</summary>
    public long Bias;

    public int Batch;

    public Window Window;

    /// <summary>Threads that share a pixel: <see cref="PixelLanes"/>, one for each vector of 8 channels.</summary>
    public int Lanes;

    public Activation Activation;
}
