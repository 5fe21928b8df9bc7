using LungSeg.IO;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// A[i,j] = Σp center[p,i] · top[p,j] over flattened pixels i, j; softmax over all of A at once; Y[i,c] = Σj A[i,j] · bottom[c,j];
/// and Y's memory is read as C x H x W.
/// </summary>
internal static class PositionAttention
{
    public static void Run(Map top, Map center, Map bottom, Map y)
    {
        for (int n = 0; n < y.Shape.N; n++) Run(n, top, center, bottom, y);
    }

    private static void Run(int n, Map top, Map center, Map bottom, Map y)
    {
        int pixels = y.Shape.H * y.Shape.W, channels = bottom.Shape.C;
        double[][] rows = Softmax(Products(n, top, center, pixels));
        AllProcessors.For(pixels, i =>
        {
            Span<float> result = y.Values.AsSpan(((n * pixels) + i) * channels, channels);
            for (int c = 0; c < channels; c++)
            {
                ReadOnlySpan<float> source = bottom.Plane(n, c);
                double sum = 0;
                for (int j = 0; j < pixels; j++) sum += rows[i][j] * source[j];
                result[c] = (float)sum;
            }
        });
    }

    private static double[][] Products(int n, Map top, Map center, int pixels)
    {
        var rows = new double[pixels][];
        AllProcessors.For(pixels, i =>
        {
            var row = new double[pixels];
            for (int p = 0; p < top.Shape.C; p++)
            {
                double scale = center.Plane(n, p)[i];
                ReadOnlySpan<float> source = top.Plane(n, p);
                for (int j = 0; j < pixels; j++) row[j] += scale * source[j];
            }
            rows[i] = row;
        });
        return rows;
    }

    private static double[][] Softmax(double[][] rows)
    {
        // Less the maximum, so that the exponentials stay finite.
        double max = rows.Max(row => row.Max());
        double sum = 0;
        foreach (double[] row in rows)
        {
            for (int j = 0; j < row.Length; j++)
            {
                row[j] = Math.Exp(row[j] - max);
                sum += row[j];
            }
        }
        foreach (double[] row in rows)
        {
            for (int j = 0; j < row.Length; j++) row[j] /= sum;
        }
        return rows;
    }
}
