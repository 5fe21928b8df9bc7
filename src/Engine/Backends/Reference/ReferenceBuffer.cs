namespace LungSeg.Engine.Backends.Reference;

internal sealed class ReferenceBuffer(Shape shape, UseCount plan) : Buffer(shape, plan)
{
    private readonly float[] _values = new float[shape.Count];

    internal override void Write(ReadOnlySpan<float> nchw) => nchw.CopyTo(_values);

    internal override void Read(Span<float> nchw) => _values.CopyTo(nchw);
}
