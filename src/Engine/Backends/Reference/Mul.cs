namespace LungSeg.Engine.Backends.Reference;

/// <summary>Element-wise product; y may be an input of its own size.</summary>
internal static class Mul
{
    public static void Run(Map a, Map b, Map y) => Broadcast.Run((x, z) => x * z, a, b, y);
}
