namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// A tensor of bytes in memory, NHWC: the channels of a pixel lie together, padded to a multiple of 16 (what the padding holds is never
/// read as a channel). Strides are in bytes.
/// </summary>
internal readonly unsafe struct ByteTensor(byte* data, Shape shape)
{
    /// <summary>Channels are padded to a multiple of this, whatever the instruction set: one layout for all.</summary>
    public const int Lanes = 16;

    private const int CrowdedStride = 1024;
    private const int CacheLine = 64;

    public readonly byte* Data = data;

    public readonly Shape Shape = shape;

    /// <summary>Channels with their padding.</summary>
    public nint Channels => Padded(Shape.C);

    /// <summary>Bytes from a pixel to the next: pixels a multiple of 1 KiB apart would share a few sets of the first-level cache.</summary>
    public nint PixelStride => Shape.H * Shape.W > 1 && Channels % CrowdedStride == 0 ? Channels + CacheLine : Channels;

    public nint RowStride => Shape.W * PixelStride;

    public nint ImageStride => Shape.H * RowStride;

    /// <summary>All bytes, padding included.</summary>
    public nint Count => Shape.N * ImageStride;

    public static int Padded(int channels) => (channels + Lanes - 1) / Lanes * Lanes;

    public byte* Pixel(int n, int h, int w) => Data + (n * ImageStride) + (h * RowStride) + (w * PixelStride);
}

/// <summary>Where a convolution stores bytes: a tensor, or every second pixel of one. Strides are in bytes.</summary>
internal readonly unsafe struct ByteTarget(ByteTensor map, int step = 1, int firstRow = 0, int firstColumn = 0)
{
    public readonly nint PixelStride = step * map.PixelStride;

    private readonly byte* _data = map.Pixel(0, firstRow, firstColumn);
    private readonly nint _rowStride = step * map.RowStride;
    private readonly nint _imageStride = map.ImageStride;

    public byte* Pixel(int n, int h, int w) => _data + (n * _imageStride) + (h * _rowStride) + (w * PixelStride);
}
