namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// A tensor in memory. NHWC: the channels of a pixel lie together, padded to a multiple of 16 so that no kernel needs a
/// tail (what the padding holds is never read as a channel); a tensor of one channel is not padded. Planar (NCHW) is the
/// graph's input alone. Strides are in floats.
/// </summary>
internal readonly unsafe struct CpuTensor(float* data, Shape shape, bool planar = false)
{
    /// <summary>Channels are padded to the widest vector, whatever the instruction set: one layout for all.</summary>
    public const int Lanes = 16;

    private const int CrowdedStride = 256;

    public readonly float* Data = data;

    public readonly Shape Shape = shape;

    public bool IsPlanar => planar;

    /// <summary>Floats from a pixel to the next.</summary>
    public nint PixelStride => planar ? 1 : Shape.H * Shape.W > 1 ? Spread(Channels) : Channels;

    /// <summary>Channels with their padding.</summary>
    public nint Channels => Padded(Shape.C);

    public nint ChannelStride => planar ? (nint)Shape.H * Shape.W : 1;

    public nint RowStride => Shape.W * PixelStride;

    public nint ImageStride => planar ? Shape.C * ChannelStride : Shape.H * RowStride;

    /// <summary>All floats, padding included.</summary>
    public nint Count => Shape.N * ImageStride;

    public static int Padded(int channels) => channels == 1 ? 1 : (channels + Lanes - 1) / Lanes * Lanes;

    /// <summary>Pixels a multiple of 1 KiB apart would share a few sets of the first-level cache: a vector more.</summary>
    public static nint Spread(nint channels) => channels % CrowdedStride == 0 ? channels + Lanes : channels;

    public float* Pixel(int n, int h, int w) => Data + (n * ImageStride) + (h * RowStride) + (w * PixelStride);
}
