using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// (x − mean) / sqrt(variance + eps) · weight + bias, with mean and biased variance over each image's group of neighbouring
/// channels, and weight and bias per channel.
/// </summary>
internal static class GroupNorm
{
    public static Kernel Bind(GroupNormOp op)
    {
        float[] weight = op.Weight.Read(), bias = op.Bias.Read();
        return (x, y) => Run(op, weight, bias, x[0], y);
    }

    private static void Run(GroupNormOp op, float[] weight, float[] bias, Map x, Map y)
    {
        int channels = x.Shape.C / op.Groups, pixels = x.Shape.H * x.Shape.W, size = channels * pixels;
        for (int group = 0; group < x.Shape.N * op.Groups; group++)
        {
            Span<float> source = x.Values.AsSpan(group * size, size), result = y.Values.AsSpan(group * size, size);
            double mean = 0, variance = 0;
            foreach (float value in source) mean += value;
            mean /= size;
            foreach (float value in source) variance += (value - mean) * (value - mean);
            variance /= size;
            double scale = 1 / Math.Sqrt(variance + op.Eps);
            for (int i = 0; i < size; i++)
            {
                int c = (group % op.Groups * channels) + (i / pixels);
                result[i] = (float)(((source[i] - mean) * scale * weight[c]) + bias[c]);
            }
        }
    }
}
