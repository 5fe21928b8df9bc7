using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>Input and output of the same size and channels: scale_shift (x · Scale + Shift, then the activation) and copies.</summary>
internal struct PixelParameters
{
    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>float32 for each channel, padding included; 0: 1.</summary>
    public long Scale;

    /// <summary>float32 for each channel, padding included; 0: 0.</summary>
    public long Shift;

    /// <summary>Elements of Scale and Shift from an image to the next; 0: all images share them.</summary>
    public int ImageStride;

    public int Batch;

    public Activation Activation;
}
