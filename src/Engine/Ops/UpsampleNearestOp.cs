namespace LungSeg.Engine.Ops;

/// <summary>Nearest-neighbour upsampling by a whole factor: each pixel becomes a square.</summary>
internal sealed record UpsampleNearestOp(int Scale) : Op
{
    /// <inheritdoc/>
    public override string Name => "upsample_nearest";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return inputs[0] with { H = inputs[0].H * Scale, W = inputs[0].W * Scale };
    }
}
