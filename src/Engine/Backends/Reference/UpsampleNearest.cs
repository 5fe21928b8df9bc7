using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>y[n,c,p,q] = x[n,c,p / scale,q / scale].</summary>
internal static class UpsampleNearest
{
    public static void Run(UpsampleNearestOp op, Map x, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                Span<float> source = x.Plane(n, c), result = y.Plane(n, c);
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++) result[(p * width) + q] = source[(p / op.Scale * x.Shape.W) + (q / op.Scale)];
                }
            }
        }
    }
}
