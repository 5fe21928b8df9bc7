using LungSeg.Engine.Ops;
using LungSeg.IO;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>y[n,k,p,q] = bias[k] + Σ x[n,c,p·stride + r·dilation − top,q·stride + s·dilation − left] · weight[k,c,r,s].</summary>
internal static class Conv2d
{
    public static Kernel Bind(Conv2dOp op)
    {
        float[] weight = op.Weight.Read();
        double[] bias = op.Bias is null ? new double[op.K] : [.. op.Bias.Read()];
        return (x, y) => Run(op, weight, bias, x[0], y);
    }

    /// <summary>The same with weights that have been read, and a bias in double.</summary>
    public static void Run(Conv2dOp op, float[] weight, double[] bias, Map x, Map y) => AllProcessors.For(x.Shape.N * op.K, plane =>
    {
        (int n, int k) = Math.DivRem(plane, op.K);
        int groupWidth = op.C / op.Groups, firstChannel = k / (op.K / op.Groups) * groupWidth;
        Span<float> result = y.Plane(n, k);
        var sums = new double[y.Shape.W];
        for (int p = 0; p < y.Shape.H; p++)
        {
            Array.Fill(sums, bias[k]);
            for (int c = 0; c < groupWidth; c++)
            {
                ReadOnlySpan<float> source = x.Plane(n, firstChannel + c);
                for (int r = 0; r < op.R; r++)
                {
                    int row = (p * op.Stride) + (r * op.Dilation) - op.Padding.Top;
                    if (row < 0 || row >= x.Shape.H) continue;
                    ReadOnlySpan<float> taps = weight.AsSpan(((((k * groupWidth) + c) * op.R) + r) * op.S, op.S);
                    AddRow(sums, taps, source.Slice(row * x.Shape.W, x.Shape.W), op);
                }
            }
            for (int q = 0; q < sums.Length; q++) result[(p * sums.Length) + q] = (float)sums[q];
        }
    });

    private static void AddRow(Span<double> sums, ReadOnlySpan<float> taps, ReadOnlySpan<float> row, Conv2dOp op)
    {
        for (int s = 0; s < taps.Length; s++)
        {
            // The outputs q whose source pixel q·stride + offset lies in the row: padding adds nothing.
            int offset = (s * op.Dilation) - op.Padding.Left;
            int first = Math.Max(0, CeilDiv(-offset, op.Stride)), end = Math.Min(sums.Length, CeilDiv(row.Length - offset, op.Stride));
            double tap = taps[s];
            for (int q = first; q < end; q++) sums[q] += tap * row[(q * op.Stride) + offset];
        }
    }

    private static int CeilDiv(int a, int b) => a > 0 ? (a + b - 1) / b : a / b;
}
