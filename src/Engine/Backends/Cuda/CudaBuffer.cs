namespace LungSeg.Engine.Backends.Cuda;

/// <summary>An input or output of a CUDA plan: pinned memory that runs copy from and to.</summary>
internal sealed unsafe class CudaBuffer(Shape shape, UseCount plan, nint memory) : Buffer(shape, plan)
{
    internal override void Write(ReadOnlySpan<float> nchw) => nchw.CopyTo(new Span<float>((void*)memory, nchw.Length));

    internal override void Read(Span<float> nchw) => new ReadOnlySpan<float>((void*)memory, nchw.Length).CopyTo(nchw);
}
