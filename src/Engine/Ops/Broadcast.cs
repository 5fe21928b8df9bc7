namespace LungSeg.Engine.Ops;

/// <summary>The shape rule of element-wise operations: equal sizes, or 1 in channels, or 1 in both height and width.</summary>
internal static class Broadcast
{
    public static Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        if (inputs.Length != 2) throw new ShapeException($"expected 2 inputs, found {inputs.Length}");
        (Shape a, Shape b) = (inputs[0], inputs[1]);
        if (a.N == b.N && TryChannels(a.C, b.C, out int channels))
        {
            if ((a.H, a.W) == (b.H, b.W) || b is { H: 1, W: 1 }) return a with { C = channels };
            if (a is { H: 1, W: 1 }) return b with { C = channels };
        }
        throw new ShapeException($"{a} and {b} do not match, nor does one spread over the other");
    }

    private static bool TryChannels(int a, int b, out int channels)
    {
        channels = Math.Max(a, b);
        return a == b || a == 1 || b == 1;
    }
}
