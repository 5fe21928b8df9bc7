using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>The largest value of each window; what lies outside the map never wins, and NaN always does.</summary>
internal static class MaxPool2d
{
    public static void Run(MaxPool2dOp op, Map x, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++) y.Plane(n, c)[(p * width) + q] = Window(op, x, n, c, p, q);
                }
            }
        }
    }

    private static float Window(MaxPool2dOp op, Map x, int n, int c, int p, int q)
    {
        int top = (p * op.Stride) - op.Padding, left = (q * op.Stride) - op.Padding;
        float max = float.NegativeInfinity;
        for (int i = Math.Max(top, 0); i < Math.Min(top + op.KernelSize, x.Shape.H); i++)
        {
            for (int j = Math.Max(left, 0); j < Math.Min(left + op.KernelSize, x.Shape.W); j++)
                max = MathF.Max(max, x.Plane(n, c)[(i * x.Shape.W) + j]);
        }
        return max;
    }
}
