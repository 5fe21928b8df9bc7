using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends;

/// <summary>A convolution's plain weights: [K, C/groups, R, S] and [K].</summary>
internal sealed record ConvWeights(float[] Values, float[]? Bias, int K, int C, int R, int S, int Groups)
{
    public static ConvWeights Of(Conv2dOp op) => new(op.Weight.Read(), op.Bias?.Read(), op.K, op.C, op.R, op.S, op.Groups);
}
