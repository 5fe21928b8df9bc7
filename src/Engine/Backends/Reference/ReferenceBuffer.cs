namespace LungSeg.Engine.Backends.Reference;

internal sealed class ReferenceBuffer(Shape shape) : Buffer(shape)
{
    private readonly float[] _values = new float[shape.Count];

    protected override void Write(ReadOnlySpan<float> nchw) => nchw.CopyTo(_values);

    protected override void Read(Span<float> nchw) => _values.CopyTo(nchw);
}
