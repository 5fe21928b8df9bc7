using System.Runtime.InteropServices;
using LungSeg.PtxInterpreter.Memory;

namespace LungSeg.CudaStub;

/// <summary>
/// The stub's device memory: allocations far apart, so that an address outside every one of them is found, and filled with a pattern
/// that is not-a-number in both float widths, so that what is read before it is written shows.
/// </summary>
internal sealed class StubMemory(long capacity) : IDeviceMemory
{
    private const ulong First = 0x7f00_0000_0000, Gap = 1 << 16;
    private readonly SortedList<ulong, byte[]> _blocks = [];
    private ulong _next = First;

    /// <summary>Bytes that are allocated now.</summary>
    public long Used { get; private set; }

    public long Capacity => capacity;

    public bool TryAllocate(nuint bytes, out ulong address)
    {
        address = 0;
        if (bytes == 0 || Used + (long)bytes > capacity) return false;
        byte[] block = GC.AllocateUninitializedArray<byte>((int)bytes, pinned: true);
        block.AsSpan().Fill(0xFF);
        address = _next;
        _next += (((ulong)bytes + Gap - 1) / Gap * Gap) + Gap;
        _blocks.Add(address, block);
        Used += block.Length;
        return true;
    }

    public bool TryFree(ulong address)
    {
        if (!_blocks.Remove(address, out byte[]? block)) return false;
        Used -= block.Length;
        return true;
    }

    /// <summary>The bytes at an address, all in one allocation; false where they are not.</summary>
    public bool TryAccess(ulong address, long bytes, out Span<byte> span)
    {
        span = default;
        int index = Find(address);
        if (index < 0) return false;
        byte[] block = _blocks.Values[index];
        long offset = (long)(address - _blocks.Keys[index]);
        if (offset + bytes > block.Length) return false;
        span = block.AsSpan((int)offset, (int)bytes);
        return true;
    }

    public bool TryFind(ulong address, out DeviceAllocation allocation)
    {
        allocation = default;
        int index = Find(address);
        if (index < 0) return false;
        byte[] block = _blocks.Values[index];
        allocation = new DeviceAllocation(_blocks.Keys[index], (ulong)block.Length, Marshal.UnsafeAddrOfPinnedArrayElement(block, 0));
        return allocation.Contains(address, 1);
    }

    /// <summary>Elements at an address, which must be allocated.</summary>
    public unsafe T[] Read<T>(ulong address, int count) where T : unmanaged =>
        TryAccess(address, (long)count * sizeof(T), out Span<byte> span)
        ? MemoryMarshal.Cast<byte, T>(span).ToArray()
        : throw new InvalidOperationException($"{address:x} is not allocated");

    // The last allocation that begins at or before the address.
    private int Find(ulong address)
    {
        int low = 0, high = _blocks.Count - 1, found = -1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_blocks.Keys[middle] <= address) (found, low) = (middle, middle + 1);
            else high = middle - 1;
        }
        return found;
    }
}
