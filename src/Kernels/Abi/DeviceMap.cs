namespace LungSeg.Kernels.Abi;

/// <summary>
/// A map in device memory, N x Height x Width pixels of Channels neighbouring values. A pixel begins every PixelStride elements,
/// an image every Height · Width · PixelStride. A map of several channels begins at a multiple of 16 bytes and has a pixel stride
/// that is a multiple of 8; a slice of a wider map keeps the wider map's stride. A map of one channel has a stride of 1.
/// </summary>
internal struct DeviceMap
{
    /// <summary>Address of the first element.</summary>
    public long Address;

    public int Height;

    public int Width;

    public int Channels;

    /// <summary>Elements from a pixel to the next.</summary>
    public int PixelStride;
}
