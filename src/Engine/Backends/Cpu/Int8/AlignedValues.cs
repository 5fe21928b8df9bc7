using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>Values that do not move, from the start of a cache line on, so that no vector of them lies across two lines.</summary>
internal sealed unsafe class AlignedValues<T> where T : unmanaged
{
    private const int CacheLine = 64;
    private readonly T[] _memory;

    public AlignedValues(ReadOnlySpan<T> values)
    {
        _memory = GC.AllocateArray<T>(values.Length + (CacheLine / sizeof(T)), pinned: true);
        nint start = (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        Data = (T*)((start + CacheLine - 1) / CacheLine * CacheLine);
        values.CopyTo(new Span<T>(Data, values.Length));
    }

    /// <summary>The first value; valid as long as this object is.</summary>
    public T* Data { get; }
}
