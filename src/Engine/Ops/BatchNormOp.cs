using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>Batch normalisation at inference: (x − mean) / sqrt(variance + eps) · weight + bias, per channel.</summary>
internal sealed record BatchNormOp(Parameter Weight, Parameter Bias, Parameter Mean, Parameter Variance, float Eps) : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "batch_norm";

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [Weight, Bias, Mean, Variance];

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        ExpectChannels(inputs[0], Weight.Dims[0]);
        return inputs[0];
    }
}
