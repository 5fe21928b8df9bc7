using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>The mean of each bin.</summary>
internal static class AdaptiveAvgPool2d
{
    public static void Run(AdaptiveAvgPool2dOp op, Map x, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++)
                        y.Plane(n, c)[(p * width) + q] = Mean(x, n, c, op.Bin(p, x.Shape.H), op.Bin(q, x.Shape.W));
                }
            }
        }
    }

    private static float Mean(Map x, int n, int c, (int Start, int End) rows, (int Start, int End) columns)
    {
        ReadOnlySpan<float> source = x.Plane(n, c);
        double sum = 0;
        for (int i = rows.Start; i < rows.End; i++)
        {
            for (int j = columns.Start; j < columns.End; j++) sum += source[(i * x.Shape.W) + j];
        }
        return (float)(sum / ((rows.End - rows.Start) * (columns.End - columns.Start)));
    }
}
