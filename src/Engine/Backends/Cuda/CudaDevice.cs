using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>A GPU as the driver describes it.</summary>
public sealed unsafe class CudaDevice
{
    private readonly ICudaDriver _driver;

    private CudaDevice(ICudaDriver driver, int index)
    {
        _driver = driver;
        Index = index;
        int handle;
        Check(driver, driver.DeviceGet(&handle, index), "cuDeviceGet", index);
        Handle = handle;
        byte* name = stackalloc byte[256];
        Check(driver, driver.DeviceGetName(name, 256, handle), "cuDeviceGetName", index);
        Name = Marshal.PtrToStringUTF8((nint)name) ?? "";
        nuint bytes;
        Check(driver, driver.DeviceTotalMem(&bytes, handle), "cuDeviceTotalMem", index);
        MemoryBytes = (long)bytes;
        int version;
        Check(driver, driver.DriverGetVersion(&version), "cuDriverGetVersion", index);
        CudaVersion = new Version(version / 1000, version % 1000 / 10);
        Major = Attribute(DeviceAttribute.ComputeCapabilityMajor);
        Minor = Attribute(DeviceAttribute.ComputeCapabilityMinor);
        Multiprocessors = Attribute(DeviceAttribute.MultiprocessorCount);
        SharedBytesPerBlock = Attribute(DeviceAttribute.SharedMemoryPerBlockOptIn);
        SharedBytesPerMultiprocessor = Attribute(DeviceAttribute.SharedMemoryPerMultiprocessor);
        ClockMegahertz = Attribute(DeviceAttribute.ClockRateKilohertz) / 1000;
        // Two transfers for each tick of the memory's clock.
        MemoryBytesPerSecond = 2000.0 * Attribute(DeviceAttribute.MemoryClockRateKilohertz) * Attribute(DeviceAttribute.MemoryBusWidthBits)
            / 8;
    }

    /// <summary>The number by which it is chosen, as in <c>cuda:1</c>.</summary>
    public int Index { get; }

    /// <summary>The maker's name for it.</summary>
    public string Name { get; }

    /// <summary>The newest CUDA that the driver knows.</summary>
    public Version CudaVersion { get; }

    /// <summary>Major part of the compute capability, such as 9.</summary>
    public int Major { get; }

    /// <summary>Minor part of the compute capability.</summary>
    public int Minor { get; }

    /// <summary>Streaming multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>All of its memory.</summary>
    public long MemoryBytes { get; }

    /// <summary>The highest clock of its multiprocessors; 0 where the driver does not tell.</summary>
    public int ClockMegahertz { get; }

    /// <summary>What its memory can move at most; 0 where the driver does not tell.</summary>
    public double MemoryBytesPerSecond { get; }

    /// <summary>Whether it can compute in tf32 and fp16: compute capability 8.0 and up.</summary>
    public bool HasTensorCores => Major >= 8;

    /// <summary>Compute capability as one number: 90 for 9.0.</summary>
    public int ComputeCapability => (10 * Major) + Minor;

    internal int SharedBytesPerBlock { get; }

    internal int SharedBytesPerMultiprocessor { get; }

    internal int Handle { get; }

    /// <summary>The machine's GPUs; throws <see cref="DeviceException"/> where there is no driver, or it sees no GPU.</summary>
    public static IReadOnlyList<CudaDevice> List() => List(DriverLibrary.Native);

    /// <inheritdoc/>
    public override string ToString() => $"cuda:{Index} ({Name})";

    internal static IReadOnlyList<CudaDevice> List(ICudaDriver driver)
    {
        CudaResult started = driver.Init(0);
        int count = 0;
        if (started != CudaResult.NoDevice)
        {
            Check(driver, started, "cuInit");
            Check(driver, driver.DeviceGetCount(&count), "cuDeviceGetCount");
        }
        if (count == 0)
            throw new DeviceException("no CUDA here: the driver is installed, but sees no GPU (is one hidden by CUDA_VISIBLE_DEVICES?)");
        return [.. Enumerable.Range(0, count).Select(index => new CudaDevice(driver, index))];
    }

    private int Attribute(DeviceAttribute attribute)
    {
        int value;
        Check(_driver, _driver.DeviceGetAttribute(&value, attribute, Handle), $"cuDeviceGetAttribute of {attribute}", Index);
        return value;
    }

    private static void Check(ICudaDriver driver, CudaResult result, string call, int? index = null)
    {
        if (result != CudaResult.Success) throw DriverErrors.Of(driver, result, call, index is null ? "CUDA" : $"cuda:{index}", null);
    }
}
