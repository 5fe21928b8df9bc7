using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>Some of the input's channels.</summary>
internal static class Slice
{
    public static void Run(SliceOp op, Map x, Map y)
    {
        for (int n = 0; n < y.Shape.N; n++)
        {
            for (int c = 0; c < op.Count; c++) x.Plane(n, op.Start + c).CopyTo(y.Plane(n, c));
        }
    }
}
