namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>Host memory that the device copies from and to while the program goes on.</summary>
internal sealed unsafe class PinnedMemory(CudaContext context, nuint bytes) : CudaHandle(context, Allocate(context, bytes))
{
    public nuint Bytes => bytes;

    public void* Data => (void*)Handle;

    protected override CudaResult Release(nint value) => Context.Driver.MemFreeHost((void*)value);

    private static nint Allocate(CudaContext context, nuint bytes)
    {
        context.MakeCurrent();
        void* memory;
        context.Check(context.Driver.MemHostAlloc(&memory, Math.Max(bytes, 1), 0), "cuMemHostAlloc", $"of {DeviceMemory.Size(bytes)}");
        return (nint)memory;
    }
}
