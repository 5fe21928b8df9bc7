namespace LungSeg.Engine.Ops;

/// <summary>A run of neighbouring channels.</summary>
internal sealed record SliceOp(int Start, int Count) : Op
{
    /// <inheritdoc/>
    public override string Name => "slice";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        if (Start < 0 || Count < 1 || Start > inputs[0].C - Count)
            throw new ShapeException($"channels {Start} to {Start + Count - 1} are not in {inputs[0]}");
        return inputs[0] with { C = Count };
    }
}
