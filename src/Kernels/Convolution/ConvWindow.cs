using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// One row of the implicit matrix: an output pixel, whose windows' elements are fetched by their place in the reduction,
/// k = (r · S + s) · Channels + c.
/// </summary>
internal struct ConvWindow
{
    /// <summary>A row so far out that no window sees it.</summary>
    public const int Nowhere = -(1 << 29);

    private int _top;
    private int _left;
    private long _corner;

    /// <summary>The window of pixel <paramref name="pixel"/> of the block's phase.</summary>
    public static ConvWindow Of(ConvParameters p, ConvBlock block, int pixel, int elementSize)
    {
        ConvWindow window;
        int row = pixel / p.Columns, column = pixel - (row * p.Columns);
        int top = (row * p.Window.Stride) - p.Window.PadTop + block.PhaseRow;
        window._top = row < p.Rows ? top : Nowhere;
        window._left = (column * p.Window.Stride) - p.Window.PadLeft + block.PhaseColumn;
        long image = (block.Image * ((long)p.Input.Height * p.Input.Width * p.Input.PixelStride)) + (block.Group * p.Channels);
        window._corner = p.Input.Address + ((image + (((top * p.Input.Width) + window._left) * p.Input.PixelStride)) * elementSize);
        return window;
    }

    /// <summary>Whether a tap lies on the map; of a pixel that does not exist none does.</summary>
    public readonly bool Sees(ConvParameters p, ConvTap tap) =>
        (uint)(_top + tap.Row) < (uint)p.Input.Height & (uint)(_left + tap.Column) < (uint)p.Input.Width;

    /// <summary>The address of a tap's channel; only to be read where the window sees the tap.</summary>
    public readonly long Address(ConvTap tap, int elementSize) => _corner + (tap.Offset * (long)elementSize);
}

/// <summary>A place in the reduction: rows and columns from the window's corner, and how many elements of the map that is.</summary>
internal struct ConvTap
{
    public int Row;
    public int Column;
    public int Offset;

    public static ConvTap Of(ConvParameters p, int k)
    {
        ConvTap tap;
        int index = Scalar.MultiplyHigh(k, p.ChannelsReciprocal), r = (index * (int)p.SReciprocal) >> 16;
        tap.Row = r * p.Window.Dilation;
        tap.Column = (index - (r * p.Window.S)) * p.Window.Dilation;
        tap.Offset = (((tap.Row * p.Input.Width) + tap.Column) * p.Input.PixelStride) + k - (index * p.Channels);
        return tap;
    }
}
