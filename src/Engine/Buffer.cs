namespace LungSeg.Engine;

/// <summary>
/// A plan's input or output, copied in and out as float32 in NCHW order whatever the backend's layout. Copying from or to one whose plan,
/// model or backend was disposed throws <see cref="ObjectDisposedException"/>.
/// </summary>
public abstract class Buffer
{
    private readonly UseCount _plan;

    private protected Buffer(Shape shape, UseCount plan) => (Shape, _plan) = (shape, plan);

    /// <summary>The logical shape.</summary>
    public Shape Shape { get; }

    /// <summary>Fills the buffer; throws <see cref="ShapeException"/> unless the span holds exactly the shape's elements.</summary>
    public void CopyFrom(ReadOnlySpan<float> nchw)
    {
        Check(nchw.Length);
        using (_plan.Enter()) Write(nchw);
    }

    /// <summary>Reads the buffer; throws <see cref="ShapeException"/> unless the span has room for exactly the shape's elements.</summary>
    public void CopyTo(Span<float> nchw)
    {
        Check(nchw.Length);
        using (_plan.Enter()) Read(nchw);
    }

    /// <summary>The buffer's elements as a new array.</summary>
    public float[] ToArray()
    {
        var result = new float[Shape.Count];
        CopyTo(result);
        return result;
    }

    /// <summary>Throws <see cref="ShapeException"/> unless a span of so many elements fits.</summary>
    internal void Check(int length)
    {
        if (length != Shape.Count) throw new ShapeException($"expected {Shape.Count} elements for {Shape}, found {length}");
    }

    /// <summary><see cref="CopyFrom"/> within a use of the plan, the length checked.</summary>
    internal abstract void Write(ReadOnlySpan<float> nchw);

    /// <summary><see cref="CopyTo"/> within a use of the plan, the length checked.</summary>
    internal abstract void Read(Span<float> nchw);
}
