namespace LungSeg.Engine.Ops;

/// <summary>Element-wise product; an input of height and width 1, or of one channel, is spread over the other.</summary>
internal sealed record MulOp : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "mul";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs) => Broadcast.Infer(inputs);
}
