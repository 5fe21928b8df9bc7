using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>
/// A device's primary context, and the one place where the driver's codes become errors. What is made in it holds on to it, so
/// that it goes last in whatever order things are disposed.
/// </summary>
internal sealed unsafe class CudaContext : SafeHandle
{
    public CudaContext(ICudaDriver driver, CudaDevice device, bool isolatesMemory = false) : base(0, ownsHandle: true)
    {
        IsolatesMemory = isolatesMemory;
        Driver = driver;
        Device = device;
        nint context;
        Check(driver.DevicePrimaryCtxRetain(&context, device.Handle), "cuDevicePrimaryCtxRetain");
        SetHandle(context);
        Pool = new DeviceMemoryPool(this);
    }

    public ICudaDriver Driver { get; }

    public CudaDevice Device { get; }

    public DeviceMemoryPool Pool { get; }

    /// <summary>
    /// Whether whatever has an address is an allocation of its own, of just its size, so that a checker sees what leaves it.
    /// </summary>
    public bool IsolatesMemory { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Makes this the calling thread's context, which each call into the driver needs.</summary>
    public void MakeCurrent()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Check(Driver.CtxSetCurrent(handle), "cuCtxSetCurrent");
    }

    /// <summary>Throws <see cref="DeviceException"/> unless a call went well; <paramref name="where"/> says for what it was made.</summary>
    public void Check(CudaResult result, string call, string? where = null)
    {
        if (result != CudaResult.Success) throw DriverErrors.Of(Driver, result, call, $"{Device}", where);
    }

    /// <summary>What is left to do for those who cannot throw: releases.</summary>
    public void MakeCurrentForRelease() => Driver.CtxSetCurrent(handle);

    protected override bool ReleaseHandle()
    {
        Driver.CtxSetCurrent(handle);
        Pool.Release();
        return Driver.DevicePrimaryCtxRelease(Device.Handle) == CudaResult.Success;
    }
}
