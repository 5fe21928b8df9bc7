namespace LungSeg.Engine.Ops;

/// <summary>Concatenation along the channels.</summary>
internal sealed record ConcatOp : Op
{
    /// <inheritdoc/>
    public override string Name => "cat";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        if (inputs.IsEmpty) throw new ShapeException("expected at least one input");
        Shape first = inputs[0];
        int channels = 0;
        foreach (Shape input in inputs)
        {
            if (input with { C = first.C } != first) throw new ShapeException($"expected the height and width of {first}, found {input}");
            channels += input.C;
        }
        return first with { C = channels };
    }
}
