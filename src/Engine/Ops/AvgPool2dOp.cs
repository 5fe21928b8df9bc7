namespace LungSeg.Engine.Ops;

/// <summary>
/// Average pooling. With <paramref name="CountIncludePad"/> padding counts as zeros, else only the map's own pixels are averaged; what
/// hangs over the padding never counts.
/// </summary>
internal sealed record AvgPool2dOp(PoolWindow Window, bool CountIncludePad) : Op
{
    /// <inheritdoc/>
    public override string Name => "avg_pool2d";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return Window.Infer(inputs[0]);
    }

    /// <summary>What the sum of the window at a row and a column of the result is divided by, for a map of the given size.</summary>
    public int Divisor(int row, int column, int height, int width)
    {
        if (CountIncludePad) return Window.PaddedPixels(row, height) * Window.PaddedPixels(column, width);
        (int top, int bottom) = Window.Pixels(row, height);
        (int left, int right) = Window.Pixels(column, width);
        return (bottom - top) * (right - left);
    }
}
