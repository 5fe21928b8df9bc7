using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>Group normalisation: mean and biased variance over each image's group of neighbouring channels.</summary>
internal sealed record GroupNormOp(Parameter Weight, Parameter Bias, int Groups, float Eps) : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "group_norm";

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        ExpectChannels(inputs[0], Weight.Dims[0]);
        if (inputs[0].C % Groups != 0) throw new ShapeException($"{inputs[0].C} channels do not divide into {Groups} groups");
        return inputs[0];
    }
}
