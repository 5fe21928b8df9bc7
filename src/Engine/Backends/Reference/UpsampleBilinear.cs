using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>The mean of four source pixels, weighted as <see cref="UpsampleBilinearOp.Source"/> says.</summary>
internal static class UpsampleBilinear
{
    public static void Run(UpsampleBilinearOp op, Map x, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++)
                    {
                        y.Plane(n, c)[(p * width) + q] =
                            Blend(x, n, c, op.Source(p, x.Shape.H, height), op.Source(q, x.Shape.W, width));
                    }
                }
            }
        }
    }

    private static float Blend(
        Map x, int n, int c, (int Low, int High, float Weight) row, (int Low, int High, float Weight) column)
    {
        ReadOnlySpan<float> source = x.Plane(n, c);
        ReadOnlySpan<float> low = source.Slice(row.Low * x.Shape.W, x.Shape.W), high = source.Slice(row.High * x.Shape.W, x.Shape.W);
        return (float)(((1d - row.Weight) * Across(low, column)) + (row.Weight * Across(high, column)));
    }

    private static double Across(ReadOnlySpan<float> row, (int Low, int High, float Weight) column) =>
        ((1d - column.Weight) * row[column.Low]) + ((double)column.Weight * row[column.High]);
}
