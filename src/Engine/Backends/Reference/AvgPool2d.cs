using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>The mean of each window.</summary>
internal static class AvgPool2d
{
    public static void Run(AvgPool2dOp op, Map x, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++) y.Plane(n, c)[(p * width) + q] = Mean(op, x, n, c, p, q);
                }
            }
        }
    }

    private static float Mean(AvgPool2dOp op, Map x, int n, int c, int p, int q)
    {
        (int top, int bottom) = op.Window.Pixels(p, x.Shape.H);
        (int left, int right) = op.Window.Pixels(q, x.Shape.W);
        ReadOnlySpan<float> source = x.Plane(n, c);
        double sum = 0;
        for (int i = top; i < bottom; i++)
        {
            for (int j = left; j < right; j++) sum += source[(i * x.Shape.W) + j];
        }
        return (float)(sum / op.Divisor(p, q, x.Shape.H, x.Shape.W));
    }
}
