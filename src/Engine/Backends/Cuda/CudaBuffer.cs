namespace LungSeg.Engine.Backends.Cuda;

/// <summary>An input or output of a CUDA plan: pinned memory that runs copy from and to.</summary>
internal sealed unsafe class CudaBuffer(Shape shape, Func<nint> memory) : Buffer(shape)
{
    protected override void Write(ReadOnlySpan<float> nchw) => nchw.CopyTo(new Span<float>((void*)memory(), nchw.Length));

    protected override void Read(Span<float> nchw) => new ReadOnlySpan<float>((void*)memory(), nchw.Length).CopyTo(nchw);
}
