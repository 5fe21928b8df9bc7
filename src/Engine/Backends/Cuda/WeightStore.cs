using System.Runtime.InteropServices;
using LungSeg.Engine.Backends.Cuda.Driver;
using LungSeg.Engine.Ops;
using LungSeg.IO;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// A model's weights in device memory, each form of each operation packed once and shared by all plans. A plan first asks for
/// addresses; <see cref="Upload()"/> then packs what is new, on all processors, and copies it. One plan at a time.
/// </summary>
internal sealed unsafe class WeightStore(CudaContext context) : IDisposable
{
    private const long Alignment = 256, SlabBytes = 16 << 20, StagingBytes = 8 << 20;
    private readonly Dictionary<(Op Op, WeightForm Form), ulong> _known = [];
    private readonly List<Pending> _pending = [];
    private readonly List<DeviceMemory> _slabs = [];
    private ulong _next;
    private long _left;

    private sealed record Pending((Op Op, WeightForm Form) Key, ulong Address, long Count, long Bytes, Func<Array> Pack);

    /// <summary>Device memory that weights take.</summary>
    public long Bytes => _slabs.Sum(slab => (long)slab.Bytes);

    /// <summary>
    /// The address of an operation's weights in some form: <paramref name="count"/> elements that <paramref name="pack"/> makes.
    /// </summary>
    public ulong Get<T>(Op op, WeightForm form, long count, Func<T[]> pack) where T : unmanaged
    {
        if (_known.TryGetValue((op, form), out ulong known)) return known;
        long bytes = count * sizeof(T);
        ulong address = Reserve(bytes);
        _known.Add((op, form), address);
        _pending.Add(new Pending((op, form), address, count, bytes, pack));
        return address;
    }

    /// <summary>Packs and copies what was asked for since the last call; where packing fails, all of it is forgotten.</summary>
    public void Upload()
    {
        if (_pending.Count == 0) return;
        try
        {
            using var staging = new PinnedMemory(context, (nuint)Math.Min(StagingBytes, _pending.Max(pending => pending.Bytes)));
            // Disposed first: it waits for copies that a failure left on it.
            using var stream = new CudaStream(context);
            foreach (Pending[] some in _pending.Chunk(Environment.ProcessorCount))
            {
                foreach ((Pending pending, Array packed) in some.Zip(Pack(some))) Upload(pending, packed, staging, stream);
            }
        }
        catch
        {
            foreach (Pending pending in _pending) _known.Remove(pending.Key);
            throw;
        }
        finally
        {
            _pending.Clear();
        }
    }

    public void Dispose()
    {
        foreach (DeviceMemory slab in _slabs) slab.Dispose();
        _slabs.Clear();
        _known.Clear();
    }

    private static Array[] Pack(Pending[] some)
    {
        var packed = new Array[some.Length];
        AllProcessors.For(some.Length, i => packed[i] = some[i].Pack());
        return packed;
    }

    private static void Upload(Pending pending, Array packed, PinnedMemory staging, CudaStream stream)
    {
        // The packer and the launch agree on the size, or one of them reads what is not there.
        if (packed.Length != pending.Count)
            throw new InvalidOperationException(
                $"{pending.Key.Op.Name}, {pending.Key.Form}: {pending.Count} weights expected, {packed.Length} packed");
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetArrayDataReference(packed),
            checked((int)pending.Bytes));
        for (int offset = 0; offset < bytes.Length; offset += (int)staging.Bytes)
        {
            ReadOnlySpan<byte> part = bytes[offset..Math.Min(bytes.Length, offset + (int)staging.Bytes)];
            part.CopyTo(new Span<byte>(staging.Data, part.Length));
            stream.Upload(staging.Data, pending.Address + (ulong)offset, (nuint)part.Length);
            stream.Synchronize();
        }
    }

    private ulong Reserve(long bytes)
    {
        if (context.IsolatesMemory)
        {
            _slabs.Add(new DeviceMemory(context, (nuint)bytes, "weights"));
            return _slabs[^1].Address;
        }
        long aligned = (Math.Max(bytes, 1) + Alignment - 1) / Alignment * Alignment;
        if (aligned > _left)
        {
            var slab = new DeviceMemory(context, (nuint)Math.Max(aligned, SlabBytes), "weights");
            _slabs.Add(slab);
            (_next, _left) = (slab.Address, (long)slab.Bytes);
        }
        ulong address = _next;
        (_next, _left) = (_next + (ulong)aligned, _left - aligned);
        return address;
    }
}
