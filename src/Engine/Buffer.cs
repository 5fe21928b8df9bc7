namespace LungSeg.Engine;

/// <summary>A plan's input or output, copied in and out as float32 in NCHW order whatever the backend's layout.</summary>
public abstract class Buffer(Shape shape)
{
    /// <summary>The logical shape.</summary>
    public Shape Shape { get; } = shape;

    /// <summary>Fills the buffer; the span must hold exactly the shape's elements.</summary>
    public void CopyFrom(ReadOnlySpan<float> nchw)
    {
        Check(nchw.Length);
        Write(nchw);
    }

    /// <summary>Reads the buffer; the span must have room for exactly the shape's elements.</summary>
    public void CopyTo(Span<float> nchw)
    {
        Check(nchw.Length);
        Read(nchw);
    }

    /// <summary>The buffer's elements as a new array.</summary>
    public float[] ToArray()
    {
        var result = new float[Shape.Count];
        CopyTo(result);
        return result;
    }

    /// <inheritdoc cref="CopyFrom"/>
    protected abstract void Write(ReadOnlySpan<float> nchw);

    /// <inheritdoc cref="CopyTo"/>
    protected abstract void Read(Span<float> nchw);

    private void Check(int length)
    {
        if (length != Shape.Count) throw new ShapeException($"expected {Shape.Count} elements for {Shape}, found {length}");
    }
}
