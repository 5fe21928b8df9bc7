namespace LungSeg.Engine.Ops;

/// <summary>
/// Softmax across the parts of a map's channels, pixel by pixel. The channels are [cardinality][radix][width]; the result's are
/// [radix][cardinality][width], and the radix values of each (cardinality, width) sum to 1. That is ResNeSt's radix softmax; cardinality 1
/// is the selection of SK networks, and width 1 beside it the softmax over classes.
/// </summary>
internal sealed record SoftmaxOp(int Radix, int Cardinality = 1) : Op
{
    /// <inheritdoc/>
    public override string Name => "softmax";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        if (Radix < 1 || Cardinality < 1 || inputs[0].C % (Radix * Cardinality) != 0)
            throw new ShapeException($"{inputs[0].C} channels do not divide into {Cardinality} x {Radix} parts");
        return inputs[0];
    }

    /// <summary>The channel that is read, and the one that is written, for a part of <paramref name="channels"/> channels in all.</summary>
    public (int From, int To) Channel(int cardinal, int radix, int channel, int channels)
    {
        int width = channels / (Radix * Cardinality);
        return ((((cardinal * Radix) + radix) * width) + channel, (((radix * Cardinality) + cardinal) * width) + channel);
    }
}
