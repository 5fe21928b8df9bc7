namespace LungSeg.Engine.Backends.Reference;

/// <summary>A tensor's values in NCHW order.</summary>
internal sealed class Map(Shape shape)
{
    public Shape Shape { get; } = shape;

    public float[] Values { get; } = new float[shape.Count];

    /// <summary>One channel of one image, row by row.</summary>
    public Span<float> Plane(int n, int c) => Values.AsSpan(((n * Shape.C) + c) * Shape.H * Shape.W, Shape.H * Shape.W);
}
