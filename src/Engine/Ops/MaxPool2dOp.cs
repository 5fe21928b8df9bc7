namespace LungSeg.Engine.Ops;

/// <summary>Max pooling; padding never wins, and with <paramref name="CeilMode"/> a last window may hang over the border.</summary>
public sealed record MaxPool2dOp(int KernelSize, int Stride, int Padding, bool CeilMode) : Op
{
    /// <inheritdoc/>
    public override string Name => "max_pool2d";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        Shape x = inputs[0];
        if (2 * Padding > KernelSize) throw new ShapeException($"padding {Padding} is more than half of the kernel, {KernelSize}");
        int height = Extent(x.H), width = Extent(x.W);
        if (height < 1 || width < 1) throw new ShapeException($"an input of {x.H} x {x.W} is smaller than the window, {KernelSize}");
        return x with { H = height, W = width };
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
