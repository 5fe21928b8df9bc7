using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A tensor in device memory: NHWC, channels padded to a multiple of 8 (one channel: not padded), or a slice of a wider map and
/// then with that map's stride.
/// </summary>
internal readonly record struct CudaMap(ulong Address, Shape Shape, int PixelStride)
{
    /// <summary>Kernels read and write so many channels at once.</summary>
    public const int Lanes = 8;

    public CudaMap(ulong address, Shape shape) : this(address, shape, Padded(shape.C)) { }

    /// <summary>Whether it is served by the kernels for one channel.</summary>
    public bool IsSingle => Shape.C == 1;

    /// <summary>Threads' worth of channels of a pixel.</summary>
    public int Vectors => IsSingle ? 1 : (Shape.C + Lanes - 1) / Lanes;

    /// <summary>Pixels and their vectors of an image: a thread for each in most kernels.</summary>
    public long Items => (long)Shape.H * Shape.W * Vectors;

    public static int Padded(int channels) => channels == 1 ? 1 : (channels + Lanes - 1) / Lanes * Lanes;

    /// <summary>Elements of a map of its own, padding included.</summary>
    public static long Elements(Shape shape) => (long)shape.N * shape.H * shape.W * Padded(shape.C);

    public static implicit operator DeviceMap(CudaMap map) => new()
    {
        Address = (long)map.Address,
        Height = map.Shape.H,
        Width = map.Shape.W,
        Channels = map.Shape.C,
        PixelStride = map.PixelStride,
    };
}
