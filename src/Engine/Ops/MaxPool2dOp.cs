namespace LungSeg.Engine.Ops;

/// <summary>Max pooling; padding never wins, and with <paramref name="CeilMode"/> a last window may hang over the border.</summary>
internal sealed record MaxPool2dOp(int KernelSize, int Stride, int Padding, bool CeilMode) : Op
{
    /// <inheritdoc/>
    public override string Name => "max_pool2d";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return new PoolWindow(KernelSize, Stride, Padding, CeilMode).Infer(inputs[0]);
    }
}
