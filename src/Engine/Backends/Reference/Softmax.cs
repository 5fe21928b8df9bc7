using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>Softmax across the parts of the channels, with the greatest value taken off first.</summary>
internal static class Softmax
{
    public static void Run(SoftmaxOp op, Map x, Map y)
    {
        int channels = x.Shape.C, width = channels / (op.Radix * op.Cardinality), pixels = x.Shape.H * x.Shape.W;
        for (int n = 0; n < x.Shape.N; n++)
        {
            for (int cardinal = 0; cardinal < op.Cardinality; cardinal++)
            {
                for (int c = 0; c < width; c++)
                {
                    for (int pixel = 0; pixel < pixels; pixel++) Pixel(op, x, y, n, cardinal, c, pixel);
                }
            }
        }
    }

    private static void Pixel(SoftmaxOp op, Map x, Map y, int n, int cardinal, int c, int pixel)
    {
        double greatest = double.NegativeInfinity, sum = 0;
        for (int r = 0; r < op.Radix; r++) greatest = Math.Max(greatest, x.Plane(n, op.Channel(cardinal, r, c, x.Shape.C).From)[pixel]);
        for (int r = 0; r < op.Radix; r++) sum += Math.Exp(x.Plane(n, op.Channel(cardinal, r, c, x.Shape.C).From)[pixel] - greatest);
        for (int r = 0; r < op.Radix; r++)
        {
            (int from, int to) = op.Channel(cardinal, r, c, x.Shape.C);
            y.Plane(n, to)[pixel] = (float)(Math.Exp(x.Plane(n, from)[pixel] - greatest) / sum);
        }
    }
}
