using LungSeg.Engine.Backends.Cuda.Driver;

namespace LungSeg.CudaStub;

/// <summary>The GPU that a stub driver describes; by default somewhat like an H100.</summary>
internal sealed record StubDevice(int ComputeCapability = 90, string Name = "Stub GPU", int Count = 1, long MemoryBytes = 1L << 30,
    int Multiprocessors = 132)
{
    public int SharedBytesPerBlock => ComputeCapability switch { >= 90 => 227 << 10, 80 => 163 << 10, >= 70 => 96 << 10, _ => 48 << 10 };

    public int Attribute(DeviceAttribute attribute) => attribute switch
    {
        DeviceAttribute.ClockRateKilohertz => 1_980_000,
        DeviceAttribute.MultiprocessorCount => Multiprocessors,
        DeviceAttribute.MemoryClockRateKilohertz => 2_619_000,
        DeviceAttribute.MemoryBusWidthBits => 5120,
        DeviceAttribute.L2CacheBytes => 50 << 20,
        DeviceAttribute.ComputeCapabilityMajor => ComputeCapability / 10,
        DeviceAttribute.ComputeCapabilityMinor => ComputeCapability % 10,
        DeviceAttribute.SharedMemoryPerMultiprocessor => SharedBytesPerBlock + (1 << 10),
        DeviceAttribute.SharedMemoryPerBlockOptIn => SharedBytesPerBlock,
        _ => throw new ArgumentOutOfRangeException(nameof(attribute), attribute, null),
    };
}
