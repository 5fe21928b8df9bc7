namespace LungSeg.Engine.Ops;

/// <summary>The graph's input.</summary>
internal sealed record InputOp(Shape Shape) : Op
{
    /// <inheritdoc/>
    public override string Name => "input";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 0);
        return Shape;
    }
}
