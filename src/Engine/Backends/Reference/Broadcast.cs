namespace LungSeg.Engine.Backends.Reference;

/// <summary>y = f(a, b) element by element; an axis on which an input has size 1 repeats that one.</summary>
internal static class Broadcast
{
    public static void Run(Func<float, float, float> f, Map a, Map b, Map y)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int p = 0; p < height; p++)
                {
                    for (int q = 0; q < width; q++) y.Plane(n, c)[(p * width) + q] = f(At(a, n, c, p, q), At(b, n, c, p, q));
                }
            }
        }
    }

    private static float At(Map x, int n, int c, int p, int q)
    {
        (_, int channels, int height, int width) = x.Shape;
        return x.Plane(n, channels == 1 ? 0 : c)[((height == 1 ? 0 : p) * width) + (width == 1 ? 0 : q)];
    }
}
