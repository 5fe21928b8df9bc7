using LungSeg.Engine.Ops;

namespace LungSeg.Kernels.Abi;

/// <summary>A sum or a product. An operand of one pixel is spread over the map, one of a single channel over the channels.</summary>
internal struct BinaryParameters
{
    public DeviceMap A;

    public DeviceMap B;

    public DeviceMap Output;

    /// <summary>Added to the result before the activation; Address 0: none. Of Output's size and channels.</summary>
    public DeviceMap Residual;

    public int Batch;

    public Activation Activation;
}
