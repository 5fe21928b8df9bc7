namespace LungSeg.Engine.Ops;

/// <summary>
/// The windows of a pooling along one axis, as PyTorch places them: with <paramref name="CeilMode"/> a last window may hang over the
/// border.
/// </summary>
internal readonly record struct PoolWindow(int KernelSize, int Stride, int Padding, bool CeilMode)
{
    /// <summary>The shape of a pooled map; throws <see cref="ShapeException"/> where no window fits.</summary>
    public Shape Infer(Shape x)
    {
        if (2 * Padding > KernelSize) throw new ShapeException($"padding {Padding} is more than half of the kernel, {KernelSize}");
        int height = Extent(x.H), width = Extent(x.W);
        if (height < 1 || width < 1) throw new ShapeException($"an input of {x.H} x {x.W} is smaller than the window, {KernelSize}");
        return x with { H = height, W = width };
    }

    /// <summary>The pixels of an axis of <paramref name="size"/> that a window covers, end exclusive, padding left out.</summary>
    public (int Start, int End) Pixels(int index, int size)
    {
        int start = (index * Stride) - Padding;
        return (Math.Max(start, 0), Math.Min(start + KernelSize, size));
    }

    /// <summary>How many pixels of an axis a window covers, padding counted, but not what hangs over it.</summary>
    public int PaddedPixels(int index, int size)
    {
        int start = (index * Stride) - Padding;
        return Math.Min(start + KernelSize, size + Padding) - start;
    }

    // PyTorch drops a last window that would start in the padding on the far side.
    private int Extent(int size)
    {
        int span = size + (2 * Padding) - KernelSize;
        if (span < 0 && !(CeilMode && span > -Stride)) return 0;
        int extent = CeilMode ? ((span + Stride - 1) / Stride) + 1 : (span / Stride) + 1;
        return CeilMode && (extent - 1) * Stride >= size + Padding ? extent - 1 : extent;
    }
}
