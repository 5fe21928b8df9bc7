using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A network's first convolution, from its planar float32 input N x C x Height x Width.</summary>
internal struct PlanarConvParameters
{
    public DeviceMap Output;

    public long Input;

    /// <summary>float32 [c][r][s][filter], filters padded with zeros to a multiple of 8.</summary>
    public long Weights;

    /// <summary>float32 for each filter, padding included; 0: none.</summary>
    public long Bias;

    public int Batch;

    public int Channels;

    public int Height;

    public int Width;

    public Window Window;

    public Activation Activation;
}
