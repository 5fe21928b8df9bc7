namespace LungSeg.PtxInterpreter.Memory;

/// <summary>Device memory as the interpreter sees it: allocations by address.</summary>
public interface IDeviceMemory
{
    /// <summary>The allocation that an address belongs to. Called from several threads at once.</summary>
    bool TryFind(ulong address, out DeviceAllocation allocation);
}

/// <summary>Device memory from Start on: so many bytes, which lie at Data in memory that does not move.</summary>
public readonly record struct DeviceAllocation(ulong Start, ulong Bytes, nint Data)
{
    /// <summary>Whether all of an access lies in it.</summary>
    public bool Contains(ulong address, int bytes) => address - Start < Bytes && (ulong)bytes <= Bytes - (address - Start);
}
