using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>The end of a split convolution: the splits' sums in their order, bias, residual, activation.</summary>
internal struct ConvReduceParameters
{
    public DeviceMap Output;

    /// <summary>Added before the activation; Address 0: none.</summary>
    public DeviceMap Residual;

    /// <summary>float32 [split][n][pixel of Output][PartialStride].</summary>
    public long Partial;

    /// <summary>float32 for each channel, padding included; 0: none.</summary>
    public long Bias;

    public int PartialStride;

    public int Splits;

    public int Batch;

    public Activation Activation;
}
