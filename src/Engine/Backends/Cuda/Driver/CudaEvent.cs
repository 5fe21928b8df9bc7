namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>A point on a stream, to measure time on the device.</summary>
internal sealed unsafe class CudaEvent : CudaHandle
{
    public CudaEvent(CudaContext context) : base(context, Create(context)) { }

    public void Record(CudaStream stream) => Context.Check(Context.Driver.EventRecord(Handle, stream.Handle), "cuEventRecord");

    public void Synchronize() => Context.Check(Context.Driver.EventSynchronize(Handle), "cuEventSynchronize");

    /// <summary>Milliseconds from an earlier event to this one, both reached.</summary>
    public double MillisecondsSince(CudaEvent start)
    {
        float milliseconds;
        Context.Check(Context.Driver.EventElapsedTime(&milliseconds, start.Handle, Handle), "cuEventElapsedTime");
        return milliseconds;
    }

    protected override CudaResult Release(nint value) => Context.Driver.EventDestroy(value);

    private static nint Create(CudaContext context)
    {
        context.MakeCurrent();
        nint value;
        context.Check(context.Driver.EventCreate(&value, 0), "cuEventCreate");
        return value;
    }
}
