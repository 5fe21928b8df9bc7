using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>(x − mean) / sqrt(variance + eps) · weight + bias, per channel.</summary>
internal static class BatchNorm
{
    public static Kernel Bind(BatchNormOp op)
    {
        float[] weight = op.Weight.Read(), bias = op.Bias.Read(), mean = op.Mean.Read(), variance = op.Variance.Read();
        return (x, y) => Run(op, weight, bias, mean, variance, x[0], y);
    }

    private static void Run(BatchNormOp op, float[] weight, float[] bias, float[] mean, float[] variance, Map x, Map y)
    {
        for (int n = 0; n < x.Shape.N; n++)
        {
            for (int c = 0; c < x.Shape.C; c++)
            {
                Span<float> source = x.Plane(n, c), result = y.Plane(n, c);
                double gain = weight[c] / Math.Sqrt((double)variance[c] + op.Eps);
                for (int i = 0; i < source.Length; i++) result[i] = (float)((((double)source[i] - mean[c]) * gain) + bias[c]);
            }
        }
    }
}
