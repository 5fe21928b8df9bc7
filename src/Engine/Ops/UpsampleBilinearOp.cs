namespace LungSeg.Engine.Ops;

/// <summary>
/// Bilinear resizing as in PyTorch's <c>interpolate</c>: by a whole factor, or, with factor 0, to the height and width of a
/// second input, of which only the shape is used.
/// </summary>
internal sealed record UpsampleBilinearOp(int Scale, bool AlignCorners) : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "upsample_bilinear";

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, Scale > 0 ? 1 : 2);
        return Scale > 0
            ? inputs[0] with { H = inputs[0].H * Scale, W = inputs[0].W * Scale }
            : inputs[0] with { H = inputs[1].H, W = inputs[1].W };
    }

    /// <inheritdoc/>
    public override bool ReadsInput(int index) => index == 0;

    /// <summary>
    /// Where output pixel <paramref name="index"/> of an axis reads: the lower source pixel, its neighbour, and the
    /// neighbour's weight. The scale is rounded to float32 and what follows is not, which is what PyTorch 1.13 was found to do.
    /// </summary>
    public (int Low, int High, float Weight) Source(int index, int inputSize, int outputSize)
    {
        float scale = SourceScale(inputSize, outputSize);
        double position = AlignCorners ? (double)scale * index : Math.Max((scale * (index + 0.5)) - 0.5, 0);
        int low = Math.Min((int)position, inputSize - 1);
        return (low, Math.Min(low + 1, inputSize - 1), (float)(position - low));
    }

    /// <summary>Source pixels for an output pixel of an axis, as PyTorch rounds them.</summary>
    public float SourceScale(int inputSize, int outputSize) => AlignCorners
        ? outputSize > 1 ? (float)(inputSize - 1) / (outputSize - 1) : 0
        : Scale > 0 ? 1f / Scale : (float)inputSize / outputSize;
}
