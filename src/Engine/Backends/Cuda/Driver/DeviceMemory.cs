using System.Globalization;

namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>A block of the device's memory from the context's pool, aligned to 256 bytes. Not cleared.</summary>
internal sealed class DeviceMemory : CudaHandle
{
    private readonly nuint _capacity;

    public DeviceMemory(CudaContext context, nuint bytes, string purpose) : this(context, bytes, context.Pool.Take(bytes, purpose)) { }

    private DeviceMemory(CudaContext context, nuint bytes, (ulong Address, nuint Bytes) block) : base(context, (nint)block.Address)
    {
        Bytes = bytes;
        _capacity = block.Bytes;
    }

    public nuint Bytes { get; }

    public ulong Address => (ulong)Handle;

    public static string Size(nuint bytes) => bytes < 1 << 20
        ? $"{bytes} bytes"
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");

    protected override CudaResult Release(nint value)
    {
        Context.Pool.Return((ulong)value, _capacity);
        return CudaResult.Success;
    }
}
