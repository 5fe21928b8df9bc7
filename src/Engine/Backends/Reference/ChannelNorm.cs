using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>A group normalisation of one group over maps of one pixel each.</summary>
internal static class ChannelNorm
{
    public static Kernel Bind(ChannelNormOp op)
    {
        Kernel norm = GroupNorm.Bind(Group(op));
        return (x, y) =>
        {
            var result = new Map(Pixels(x[0].Shape));
            norm([Split(x[0])], result);
            Join(result, y);
        };
    }

    /// <summary>How far a backend may be off, from the input and its own bound.</summary>
    public static Map Bound(ChannelNormOp op, Map x, Map e, Arithmetic arithmetic)
    {
        var bound = new Map(x.Shape);
        Join(GroupNormBound.Of(Group(op), Split(x), Split(e), arithmetic), bound);
        return bound;
    }

    private static GroupNormOp Group(ChannelNormOp op) => new(op.Weight, op.Bias, 1, op.Eps);

    private static Shape Pixels(Shape shape) => new(shape.N * shape.H * shape.W, shape.C, 1, 1);

    private static Map Split(Map map)
    {
        var pixels = new Map(Pixels(map.Shape));
        for (int i = 0; i < map.Values.Length; i++) pixels.Values[Index(map.Shape, i)] = map.Values[i];
        return pixels;
    }

    private static void Join(Map pixels, Map map)
    {
        for (int i = 0; i < map.Values.Length; i++) map.Values[i] = pixels.Values[Index(map.Shape, i)];
    }

    // Where a value of a map lies in the maps of its pixels.
    private static int Index(Shape shape, int i)
    {
        int pixels = shape.H * shape.W;
        return ((((i / pixels / shape.C) * pixels) + (i % pixels)) * shape.C) + (i / pixels % shape.C);
    }
}
