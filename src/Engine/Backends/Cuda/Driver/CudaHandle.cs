using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>Something of the driver's that lives in a context: released once, with the context current, and before it.</summary>
internal abstract class CudaHandle : SafeHandle
{
    /// <summary>Takes over a value that the driver has just given, so that an error before that leaves nothing behind.</summary>
    protected CudaHandle(CudaContext context, nint value) : base(0, ownsHandle: true)
    {
        Context = context;
        bool added = false;
        context.DangerousAddRef(ref added);
        SetHandle(value);
    }

    public CudaContext Context { get; }

    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    public sealed override bool IsInvalid => false;

    /// <summary>Gives the value back to the driver.</summary>
    protected abstract CudaResult Release(nint value);

    protected sealed override bool ReleaseHandle()
    {
        Context.MakeCurrentForRelease();
        bool released = Release(handle) == CudaResult.Success;
        Context.DangerousRelease();
        return released;
    }
}
