namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>A slice's place in its block, and its size, in bytes.</summary>
internal readonly record struct DeviceSlice(long Offset, long Bytes)
{
    private const long Alignment = 256;

    /// <summary>Slices of such sizes behind each other.</summary>
    public static DeviceSlice[] InOrder(params ReadOnlySpan<long> sizes)
    {
        var slices = new DeviceSlice[sizes.Length];
        long next = 0;
        for (int i = 0; i < sizes.Length; i++)
        {
            slices[i] = new DeviceSlice(next, sizes[i]);
            next += (sizes[i] + Alignment - 1) / Alignment * Alignment;
        }
        return slices;
    }
}

/// <summary>
/// Slices of one block of device memory, where their owner placed them. In a context that isolates memory each is an allocation of its
/// own, of just its size, so that whatever checks accesses sees one that leaves its slice.
/// </summary>
internal sealed unsafe class DeviceSlices(CudaContext context, string purpose) : IDisposable
{
    private readonly List<DeviceMemory> _memory = [];
    private IReadOnlyList<DeviceSlice> _slices = [];

    /// <summary>The slices, allocated.</summary>
    public DeviceSlices(CudaContext context, IReadOnlyList<DeviceSlice> slices, string purpose) : this(context, purpose) => Place(slices);

    /// <summary>Bytes from the block's begin to the end of the last slice.</summary>
    public long Bytes { get; private set; }

    /// <summary>The address of a slice.</summary>
    public ulong this[int slice] => context.IsolatesMemory ? _memory[slice].Address : _memory[0].Address + (ulong)_slices[slice].Offset;

    /// <summary>Where a slice begins in its block.</summary>
    public long Offset(int slice) => _slices[slice].Offset;

    /// <summary>
    /// Takes on other slices, whose memory holds anything; nothing may still be using the former ones. A block that is large enough stays.
    /// </summary>
    public void Place(IReadOnlyList<DeviceSlice> slices)
    {
        _slices = slices;
        Bytes = 0;
        foreach (DeviceSlice slice in slices) Bytes = Math.Max(Bytes, slice.Offset + slice.Bytes);
        if (!context.IsolatesMemory && _memory.Count > 0 && (long)_memory[0].Bytes >= Bytes) return;
        Dispose();
        try
        {
            if (!context.IsolatesMemory) _memory.Add(new DeviceMemory(context, (nuint)Bytes, purpose));
            else foreach (DeviceSlice slice in slices) _memory.Add(new DeviceMemory(context, (nuint)slice.Bytes, purpose));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Fills all with zeros.</summary>
    public void Clear(CudaStream stream)
    {
        foreach (DeviceMemory memory in _memory) stream.Clear(memory.Address, memory.Bytes);
    }

    /// <summary>
    /// Copies slices that follow each other from a host block of the same layout, which begins at <paramref name="host"/>.
    /// </summary>
    public void Upload(CudaStream stream, void* host, int first, int count)
    {
        if (!context.IsolatesMemory) stream.Upload((byte*)host + Offset(first), this[first], Extent(first, count));
        else for (int i = first; i < first + count; i++) stream.Upload((byte*)host + Offset(i), this[i], (nuint)_slices[i].Bytes);
    }

    /// <summary>Copies slices that follow each other to a host block of the same layout, which begins at <paramref name="host"/>.</summary>
    public void Download(CudaStream stream, void* host, int first, int count)
    {
        if (!context.IsolatesMemory) stream.Download(this[first], (byte*)host + Offset(first), Extent(first, count));
        else for (int i = first; i < first + count; i++) stream.Download(this[i], (byte*)host + Offset(i), (nuint)_slices[i].Bytes);
    }

    public void Dispose()
    {
        foreach (DeviceMemory memory in _memory) memory.Dispose();
        _memory.Clear();
    }

    private nuint Extent(int first, int count)
    {
        DeviceSlice last = _slices[first + count - 1];
        return (nuint)(last.Offset + last.Bytes - Offset(first));
    }
}
