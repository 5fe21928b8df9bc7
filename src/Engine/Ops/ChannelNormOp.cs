using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>
/// Layer normalisation over the channels: mean and biased variance of each pixel's channels (PyTorch's <c>LayerNorm2d</c>).
/// </summary>
internal sealed record ChannelNormOp(Parameter Weight, Parameter Bias, float Eps) : Op
{
    /// <inheritdoc/>
    public override string Name => "channel_norm";

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => [Weight, Bias];

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        ExpectChannels(inputs[0], Weight.Dims[0]);
        return inputs[0];
    }
}
