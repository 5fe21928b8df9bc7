namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>A queue of work on a device, apart from the legacy default stream, which cannot be captured.</summary>
internal sealed unsafe class CudaStream : CudaHandle
{
    private const uint NonBlocking = 1, ThreadLocalCapture = 1;
    private const nint EndOfParameters = 0, ParameterBuffer = 1, ParameterBytes = 2;

    public CudaStream(CudaContext context) : base(context, Create(context)) { }

    /// <summary>Copies from host memory, which must be pinned, stay, and stay unchanged until the stream is there.</summary>
    public void Upload(void* source, ulong target, nuint bytes) =>
        Context.Check(Context.Driver.MemcpyHtoDAsync(target, source, bytes, Handle), "cuMemcpyHtoDAsync");

    /// <summary>Copies to pinned host memory.</summary>
    public void Download(ulong source, void* target, nuint bytes) =>
        Context.Check(Context.Driver.MemcpyDtoHAsync(target, source, bytes, Handle), "cuMemcpyDtoHAsync");

    public void Clear(ulong target, nuint bytes)
    {
        // A plan may have no maps at all, and the driver need not take a length of nothing.
        if (bytes > 0) Context.Check(Context.Driver.MemsetD8Async(target, 0, bytes, Handle), "cuMemsetD8Async");
    }

    /// <summary>Launches a function with one-dimensional blocks; the parameters are copied before it returns.</summary>
    public void Launch(
        nint function, (uint X, uint Y, uint Z) grid, uint threads, uint dynamicSharedBytes, ReadOnlySpan<byte> parameters, string where)
    {
        CudaResult result;
        fixed (byte* data = parameters)
        {
            nuint bytes = (nuint)parameters.Length;
            void** extra = stackalloc void*[] { (void*)ParameterBuffer, data, (void*)ParameterBytes, &bytes, (void*)EndOfParameters };
            result = Context.Driver.LaunchKernel(function, grid.X, grid.Y, grid.Z, threads, 1, 1, dynamicSharedBytes, Handle, null, extra);
        }
        Context.Check(result, "cuLaunchKernel", where);
    }

    /// <summary>Waits until all work is done; a fault of earlier work shows here. <paramref name="where"/> names that work.</summary>
    public void Synchronize(string? where = null) => Context.Check(Context.Driver.StreamSynchronize(Handle), "cuStreamSynchronize", where);

    /// <summary>
    /// Records what <paramref name="work"/> puts on the stream, runs nothing of it, and returns it as one launch. Inside there must
    /// be no allocation and no waiting.
    /// </summary>
    public CudaGraph Capture(Action work)
    {
        Context.Check(Context.Driver.StreamBeginCapture(Handle, ThreadLocalCapture), "cuStreamBeginCapture");
        nint graph = 0;
        try
        {
            work();
        }
        catch
        {
            // The capture must end, or the stream stays unusable; its own error would hide the one that matters.
            if (Context.Driver.StreamEndCapture(Handle, &graph) == CudaResult.Success && graph != 0) Context.Driver.GraphDestroy(graph);
            throw;
        }
        Context.Check(Context.Driver.StreamEndCapture(Handle, &graph), "cuStreamEndCapture");
        return new CudaGraph(Context, graph);
    }

    protected override CudaResult Release(nint value)
    {
        // Destroying a stream does not wait for its work, which may still use memory that is freed next.
        Context.Driver.StreamSynchronize(value);
        return Context.Driver.StreamDestroy(value);
    }

    private static nint Create(CudaContext context)
    {
        context.MakeCurrent();
        nint stream;
        context.Check(context.Driver.StreamCreate(&stream, NonBlocking), "cuStreamCreate");
        return stream;
    }
}
