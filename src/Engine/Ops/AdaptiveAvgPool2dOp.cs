namespace LungSeg.Engine.Ops;

/// <summary>
/// Average pooling to a fixed size. Bin i of n covers [floor(i·size/n), ceil((i+1)·size/n)): bins overlap where n does not
/// divide the size.
/// </summary>
internal sealed record AdaptiveAvgPool2dOp(int OutputSize) : Op
{
    /// <inheritdoc/>
    public override string Name => "adaptive_avg_pool2d";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return inputs[0] with { H = OutputSize, W = OutputSize };
    }

    /// <summary>The pixels that bin <paramref name="bin"/> of an axis of <paramref name="size"/> averages, end exclusive.</summary>
    public (int Start, int End) Bin(int bin, int size) =>
        (bin * size / OutputSize, (((bin + 1) * size) + OutputSize - 1) / OutputSize);

    /// <summary>How many pixels the bin at a row and a column of the result averages, for a map of the given size.</summary>
    public int Count(int row, int column, int height, int width)
    {
        (int top, int bottom) = Bin(row, height);
        (int left, int right) = Bin(column, width);
        return (bottom - top) * (right - left);
    }
}
