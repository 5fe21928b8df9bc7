namespace LungSeg.Engine.Ops;

/// <summary>
/// The attention product of MA-Net's PAB. Inputs: top [N, P, H, W], center [N, P, H, W], bottom [N, C, H, W]. With pixels
/// flattened to HW: A = softmax(centerᵀ · top) over the whole HW x HW map at once, Y = A · bottomᵀ of shape HW x C, and the
/// result is Y's memory read as C x H x W, not its transpose (the published code does both).
/// </summary>
internal sealed record PositionAttentionOp : Op
{
    /// <inheritdoc/>
    public override string Name => "position_attention";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 3);
        (Shape top, Shape center, Shape bottom) = (inputs[0], inputs[1], inputs[2]);
        if (top != center || bottom with { C = top.C } != top)
            throw new ShapeException($"top {top}, center {center} and bottom {bottom} must agree in all but the bottom's channels");
        return bottom;
    }
}
