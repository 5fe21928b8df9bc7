using LungSeg.Engine.Ops;
using LungSeg.IO;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>Each pixel x[n,c,i,j] adds x · weight[c,k,r,s] to y[n,k,i·stride + r − padding,j·stride + s − padding].</summary>
internal static class ConvTranspose2d
{
    public static Kernel Bind(ConvTranspose2dOp op)
    {
        float[] weight = op.Weight.Read();
        double[] bias = op.Bias is null ? new double[op.K] : [.. op.Bias.Read()];
        return (x, y) => Run(op, weight, bias, x[0], y);
    }

    /// <summary>The same with weights that have been read, and a bias in double.</summary>
    public static void Run(
        ConvTranspose2dOp op, float[] weight, double[] bias, Map x, Map y) => AllProcessors.For(x.Shape.N * op.K, plane =>
    {
        (int n, int k) = Math.DivRem(plane, op.K);
        (_, _, int height, int width) = y.Shape;
        var sums = new double[height * width];
        Array.Fill(sums, bias[k]);
        for (int c = 0; c < op.C; c++)
        {
            ReadOnlySpan<float> source = x.Plane(n, c);
            for (int r = 0; r < op.R; r++)
            {
                for (int s = 0; s < op.S; s++)
                {
                    double tap = weight[(((((c * op.K) + k) * op.R) + r) * op.S) + s];
                    for (int i = 0; i < x.Shape.H; i++)
                    {
                        int p = (i * op.Stride) + r - op.Padding;
                        if (p < 0 || p >= height) continue;
                        for (int j = 0; j < x.Shape.W; j++)
                        {
                            int q = (j * op.Stride) + s - op.Padding;
                            if (q >= 0 && q < width) sums[(p * width) + q] += tap * source[(i * x.Shape.W) + j];
                        }
                    }
                }
            }
        }
        Span<float> result = y.Plane(n, k);
        for (int i = 0; i < sums.Length; i++) result[i] = (float)sums[i];
    });
}
