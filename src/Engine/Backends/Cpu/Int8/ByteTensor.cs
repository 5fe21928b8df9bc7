using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// A tensor of bytes in memory, NHWC: the channels of a pixel lie together, padded to a multiple of 16 (what the padding holds is never
/// read as a channel). Strides are in bytes.
/// </summary>
internal readonly unsafe struct ByteTensor(byte* data, Shape shape, bool compact = false)
{
    /// <summary>Channels are padded to a multiple of this, whatever the instruction set: one layout for all.</summary>
    public const int Lanes = 16;

    private const int CrowdedStride = 1024;
    private const int CacheLine = 64;
    private const int CompactChannels = 4;

    public readonly byte* Data = data;

    public readonly Shape Shape = shape;

    /// <summary>Channels with their padding.</summary>
    public nint Channels => compact ? CompactChannels : Padded(Shape.C);

    /// <summary>Whether a pixel has 4 bytes: an image that convolutions alone read.</summary>
    public bool IsCompact => compact;

    /// <summary>Bytes from a pixel to the next: pixels a multiple of 1 KiB apart would share a few sets of the first-level cache.</summary>
    public nint PixelStride => Shape.H * Shape.W > 1 && Channels % CrowdedStride == 0 ? Channels + CacheLine : Channels;

    public nint RowStride => Shape.W * PixelStride;

    public nint ImageStride => Shape.H * RowStride;

    /// <summary>All bytes, padding included.</summary>
    public nint Count => Shape.N * ImageStride;

    /// <summary>Whether a tensor is one whose pixels may have 4 bytes: the graph's input, of a few channels, for convolutions.</summary>
    public static bool MayBeCompact(Graph graph, Tensor tensor) =>
        tensor.Op is QuantizeOp && tensor.Inputs[0] == graph.Input && tensor.Shape.C is > 1 and <= CompactChannels
        && graph.Nodes.Where(node => node.Inputs.Contains(tensor))
            .All(node => node.Op is Conv2dOp && !FusionPredicates.IsDepthwise(node.Op));

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
