using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Passes;

/// <summary>
/// Folds a batch norm into the convolution before it: w·g and (b − mean)·g + bias with g = weight / sqrt(variance + eps),
/// computed in double and rounded once.
/// </summary>
internal static class FoldBatchNorm
{
    /// <summary>Folds wherever nothing else reads the convolution's own result.</summary>
    public static Graph Apply(Graph graph) => graph.Rewrite((node, inputs) =>
    {
        if (node.Op is BatchNormOp norm && graph.Consumers[node.Inputs[0]] == 1)
        {
            Tensor conv = inputs[0];
            Op? folded = conv.Op switch
            {
                Conv2dOp { Activation: Activation.None, Residual: false } op =>
                    op with
                    {
                        Weight = Scale(op.Weight, norm, channelAxis: 0),
                        Bias = Shift(op.Weight, op.Bias, norm),
                        Activation = norm.Activation
                    },
                ConvTranspose2dOp { Activation: Activation.None } op =>
                    op with
                    {
                        Weight = Scale(op.Weight, norm, channelAxis: 1),
                        Bias = Shift(op.Weight, op.Bias, norm),
                        Activation = norm.Activation
                    },
                _ => null,
            };
            if (folded is not null) return Tensor.Create(folded, conv.Inputs, conv.Path);
        }
        return Tensor.Create(node.Op, inputs, node.Path);
    });

    /// <summary>A batch norm that no convolution takes, as x · scale + shift by channel.</summary>
    internal static (float[] Scale, float[] Shift) ScaleAndShift(BatchNormOp norm)
    {
        double[] gain = Gain(norm);
        return ([.. gain.Select(value => (float)value)], Shift(norm, gain, null));
    }

    private static Parameter Scale(Parameter weight, BatchNormOp norm, int channelAxis) => new(weight.Key, weight.Dims, () =>
    {
        double[] gain = Gain(norm);
        float[] values = weight.Read();
        int inner = weight.Dims.Skip(channelAxis + 1).Aggregate(1, (product, dim) => product * dim);
        for (int i = 0, k = 0; i < values.Length; k = k + 1 == gain.Length ? 0 : k + 1)
        {
            double factor = gain[k];
            for (int end = i + inner; i < end; i++) values[i] = (float)(values[i] * factor);
        }
        return values;
    });

    private static Parameter Shift(Parameter weight, Parameter? bias, BatchNormOp norm) =>
        new(bias?.Key ?? $"{weight.Key[..weight.Key.LastIndexOf('.')]}.bias", norm.Bias.Dims, () =>
            Shift(norm, Gain(norm), bias?.Read()));

    private static float[] Shift(BatchNormOp norm, double[] gain, float[]? bias)
    {
        float[] shift = norm.Bias.Read(), mean = norm.Mean.Read();
        for (int k = 0; k < shift.Length; k++) shift[k] = (float)((((bias?[k] ?? 0d) - mean[k]) * gain[k]) + shift[k]);
        return shift;
    }

    private static double[] Gain(BatchNormOp norm)
    {
        float[] weight = norm.Weight.Read(), variance = norm.Variance.Read();
        double[] gain = new double[weight.Length];
        for (int k = 0; k < gain.Length; k++) gain[k] = weight[k] / Math.Sqrt(variance[k] + (double)norm.Eps);
        return gain;
    }
}
