using System.Runtime.InteropServices;

namespace LungSeg.PtxInterpreter.Memory;

/// <summary>
/// Device memory of its own: each allocation at an address of its own, a multiple of 512, with a gap behind it that belongs to none.
/// Allocating and freeing is for one thread at a time, and not while a kernel runs.
/// </summary>
public sealed unsafe class DeviceMemory : IDeviceMemory, IDisposable
{
    /// <summary>The first address.</summary>
    public const ulong Base = 0x7f00_0000_0000;

    private const ulong Alignment = 512;
    private readonly List<DeviceAllocation> _allocations = [];
    private ulong _next = Base;

    /// <summary>Allocates memory full of a pattern that is a NaN as float32 and as half, and returns its address.</summary>
    public ulong Allocate(long bytes)
    {
        void* data = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), (nuint)Alignment);
        new Span<byte>(data, checked((int)bytes)).Fill(0xFF);
        _allocations.Add(new DeviceAllocation(_next, (ulong)bytes, (nint)data));
        ulong address = _next;
        _next += (((ulong)bytes + Alignment - 1) / Alignment * Alignment) + Alignment;
        return address;
    }

    /// <summary>Allocates memory and fills it.</summary>
    public ulong Allocate<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        ulong address = Allocate((long)values.Length * sizeof(T));
        values.CopyTo(Span<T>(address, values.Length));
        return address;
    }

    /// <summary>The memory behind an address; throws if it is not all within one allocation.</summary>
    public Span<T> Span<T>(ulong address, int count) where T : unmanaged
    {
        if (!TryFind(address, out DeviceAllocation allocation) || !allocation.Contains(address, checked(count * sizeof(T))))
            throw new PtxFaultException($"{count} elements at 0x{address:x} are not within one allocation");
        return new Span<T>((byte*)allocation.Data + (address - allocation.Start), count);
    }

    /// <inheritdoc/>
    public bool TryFind(ulong address, out DeviceAllocation allocation)
    {
        int low = 0, high = _allocations.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            allocation = _allocations[middle];
            if (address < allocation.Start) high = middle - 1;
            else if (address - allocation.Start < allocation.Bytes) return true;
            else low = middle + 1;
        }
        allocation = default;
        return false;
    }

    /// <summary>Frees everything.</summary>
    public void Dispose()
    {
        foreach (DeviceAllocation allocation in _allocations) NativeMemory.AlignedFree((void*)allocation.Data);
        _allocations.Clear();
    }
}
