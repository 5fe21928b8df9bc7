using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A convolution with one filter for each channel.</summary>
internal struct DepthwiseParameters
{
    /// <summary>Pixels of a row that a thread makes, Dilation apart.</summary>
    public const int StripPixels = 4;

    public DeviceMap Input;

    public DeviceMap Output;

    /// <summary>[r][s][channel], padded with zeros to Input's padded channels, of the storage type.</summary>
    public long Weights;

    /// <summary>float32 for each channel, padding included; 0: none.</summary>
    public long Bias;

    public int Batch;

    public Window Window;

    public Activation Activation;

    /// <summary>Strips of a row: runs of StripPixels · Dilation columns, in each of them Dilation strips.</summary>
    public static int Strips(int columns, int dilation) =>
        (columns + (StripPixels * dilation) - 1) / (StripPixels * dilation) * dilation;
}
