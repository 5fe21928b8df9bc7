namespace LungSeg.Engine.Ops;

/// <summary>Rounds float32 values to bytes, as the result's quantisation says.</summary>
internal sealed record QuantizeOp : Op
{
    /// <inheritdoc/>
    public override string Name => "quantize";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return inputs[0];
    }
}

/// <summary>The float32 values that bytes stand for.</summary>
internal sealed record DequantizeOp : Op
{
    /// <inheritdoc/>
    public override string Name => "dequantize";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return inputs[0];
    }
}
