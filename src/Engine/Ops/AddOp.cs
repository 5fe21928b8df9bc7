namespace LungSeg.Engine.Ops;

/// <summary>Element-wise sum; an input of height and width 1 is spread over the map.</summary>
internal sealed record AddOp : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "add";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs) => Broadcast.Infer(inputs);
}
