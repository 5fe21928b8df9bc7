namespace LungSeg.Engine.Backends.Cuda.Driver;

/// <summary>
/// The device memory of a context. What is given back is kept for the next one to ask, for an allocation stops the whole device; when
/// memory runs out what is kept goes back to the driver first. For several threads. A context that isolates memory keeps and rounds
/// nothing.
/// </summary>
internal sealed unsafe class DeviceMemoryPool(CudaContext context)
{
    private const nuint Granularity = 256, LargeGranularity = 2 << 20;
    private readonly Lock _lock = new();
    private readonly List<(ulong Address, nuint Bytes)> _free = [];

    /// <summary>Takes a kept block that fits without wasting more than a quarter, or a new one.</summary>
    public (ulong Address, nuint Bytes) Take(nuint bytes, string purpose)
    {
        nuint granularity = bytes < LargeGranularity ? Granularity : LargeGranularity;
        if (context.IsolatesMemory) granularity = 1;
        nuint rounded = (Math.Max(bytes, 1) + granularity - 1) / granularity * granularity;
        context.MakeCurrent();
        lock (_lock)
        {
            int best = -1;
            for (int i = 0; i < _free.Count; i++)
            {
                nuint size = _free[i].Bytes;
                if (size >= rounded && size <= rounded + (rounded / 4) && (best < 0 || size < _free[best].Bytes)) best = i;
            }
            if (best >= 0)
            {
                (ulong Address, nuint Bytes) found = _free[best];
                _free.RemoveAt(best);
                return found;
            }
            ulong address;
            CudaResult result = context.Driver.MemAlloc(&address, rounded);
            if (result == CudaResult.OutOfMemory && _free.Count > 0)
            {
                FreeAll();
                result = context.Driver.MemAlloc(&address, rounded);
            }
            context.Check(result, "cuMemAlloc",
                $"of {DeviceMemory.Size(rounded)} for {purpose}{(result == CudaResult.OutOfMemory ? Left() : "")}");
            return (address, rounded);
        }
    }

    public void Return(ulong address, nuint bytes)
    {
        if (context.IsolatesMemory) context.Driver.MemFree(address);
        else lock (_lock) _free.Add((address, bytes));
    }

    /// <summary>Gives all that is kept to the driver; the context must be current.</summary>
    public void Release()
    {
        lock (_lock) FreeAll();
    }

    private string Left()
    {
        nuint free, total;
        return context.Driver.MemGetInfo(&free, &total) == CudaResult.Success
            ? $", with {DeviceMemory.Size(free)} of {DeviceMemory.Size(total)} free" : "";
    }

    private void FreeAll()
    {
        foreach ((ulong address, _) in _free) context.Driver.MemFree(address);
        _free.Clear();
    }
}
