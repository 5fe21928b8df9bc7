using System.Runtime.InteropServices;

namespace LungSeg.PtxInterpreter.Memory;

/// <summary>
/// A block's shared memory: static variables, then the dynamic part at a multiple of 1024. With <see cref="Checks.All"/> each pair of
/// bytes remembers who touched it last: threads may meet at a place only with a barrier between them.
/// </summary>
internal sealed unsafe class SharedMemory : IDisposable
{
    private const int Cell = 2;
    private readonly SharedCell[]? _cells;

    public SharedMemory(int staticBytes, int dynamicBytes, Checks checks)
    {
        DynamicOffset = dynamicBytes > 0 ? (staticBytes + 1023) / 1024 * 1024 : staticBytes;
        Bytes = DynamicOffset + dynamicBytes;
        Data = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(Bytes, 16), 64);
        if (checks >= Checks.All) _cells = new SharedCell[(Bytes + Cell - 1) / Cell];
    }

    public byte* Data { get; }

    public int Bytes { get; }

    public int DynamicOffset { get; }

    /// <summary>Barriers that the block has passed.</summary>
    public int Epoch { get; private set; }

    /// <summary>A new block: nothing is written yet.</summary>
    public void Clear()
    {
        new Span<byte>(Data, Bytes).Fill(0xFF);
        _cells?.AsSpan().Clear();
        Epoch = 1;
    }

    /// <summary>All threads of the block have met.</summary>
    public void PassBarrier() => Epoch++;

    /// <summary>Where an access lies; null if it is out of bounds.</summary>
    public byte* Find(uint address, int bytes) => (ulong)address + (uint)bytes <= (ulong)Bytes ? Data + address : null;

    /// <summary>Notes a read; returns what is wrong with it, or null.</summary>
    public string? Read(uint address, int bytes, int thread, int warpEpoch)
    {
        if (_cells is null) return null;
        for (int i = (int)address / Cell; i < ((int)address + bytes + Cell - 1) / Cell; i++)
        {
            if (_cells[i].Read(thread, Epoch, warpEpoch) is { } fault) return fault;
        }
        return null;
    }

    /// <summary>Notes a write; returns what is wrong with it, or null.</summary>
    public string? Write(uint address, int bytes, int thread, int warpEpoch, int fences)
    {
        if (_cells is null) return null;
        for (int i = (int)address / Cell; i < ((int)address + bytes + Cell - 1) / Cell; i++)
        {
            if (_cells[i].Write(thread, Epoch, warpEpoch, fences) is { } fault) return fault;
        }
        return null;
    }

    /// <summary>Notes that an asynchronous copy to here has begun (or has arrived); returns what is wrong with that, or null.</summary>
    public string? Copy(uint address, int bytes, int thread, int warpEpoch, int fences, bool arrived)
    {
        if (_cells is null) return null;
        for (int i = (int)address / Cell; i < ((int)address + bytes + Cell - 1) / Cell; i++)
        {
            if (_cells[i].Copy(thread, Epoch, warpEpoch, fences, arrived) is { } fault) return fault;
        }
        return null;
    }

    /// <summary>Notes that a product of the tensor cores begins to read here; returns what is wrong with that, or null.</summary>
    public string? BeginProduct(uint address, int bytes, Func<int, int> fencesOfWarp)
    {
        if (_cells is null) return null;
        for (int i = (int)address / Cell; i < ((int)address + bytes) / Cell; i++)
        {
            if (_cells[i].BeginProduct(Epoch, fencesOfWarp) is { } fault) return fault;
        }
        return null;
    }

    /// <summary>The product is done.</summary>
    public void EndProduct(uint address, int bytes)
    {
        if (_cells is null) return;
        for (int i = (int)address / Cell; i < ((int)address + bytes) / Cell; i++) _cells[i].EndProduct();
    }

    public void Dispose() => NativeMemory.AlignedFree(Data);
}
