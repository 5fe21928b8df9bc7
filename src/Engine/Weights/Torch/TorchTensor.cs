namespace LungSeg.Engine.Weights.Torch;

/// <summary>A strided view of a storage, in elements. Everything was checked against the storage when it was made.</summary>
internal sealed class TorchTensor
{
    private const int MaxDims = 64;

    // A view may repeat elements (stride 0, overlap), but a small file must not ask for much memory.
    private const long MaxRepeats = 16, MaxSmallCount = 1 << 20;

    private const int LongRun = 64;

    private readonly long _offset;
    private readonly int[] _dims;
    private readonly long[] _strides;

    private TorchTensor(TorchStorage storage, long offset, int[] dims, long[] strides, int count)
    {
        Storage = storage;
        Count = count;
        _offset = offset;
        _dims = dims;
        _strides = strides;
    }

    public TorchStorage Storage { get; }

    public int Count { get; }

    public static TorchTensor Make(TorchStorage storage, long offset, long[] dims, long[] strides, ByteSource source)
    {
        if (dims.Length != strides.Length || dims.Length > MaxDims)
            throw source.Error($"holds a tensor with {dims.Length} dimensions and {strides.Length} strides");
        Int128 count = 1, last = offset;
        bool fits = offset >= 0;
        for (int i = 0; i < dims.Length && fits; i++)
        {
            fits = dims[i] is >= 0 and <= int.MaxValue && strides[i] >= 0;
            // An extent of 0 makes the rest irrelevant, but the product must not overflow before it is met.
            count = Int128.Min(count * dims[i], long.MaxValue);
            last += dims[i] == 0 ? 0 : (Int128)(dims[i] - 1) * strides[i];
        }
        if (dims.Contains(0))
            count = 0;
        if (!fits || (count > 0 && last >= storage.Count))
        {
            throw source.Error(
                $"holds a tensor of [{string.Join(", ", dims)}] with strides [{string.Join(", ", strides)}] from element {offset} "
                + $"that does not fit its storage of {storage.Count} elements");
        }
        if (count > Int128.Min(Array.MaxLength, Int128.Max(MaxSmallCount, MaxRepeats * (Int128)storage.Count)))
            throw source.Error($"holds a tensor of [{string.Join(", ", dims)}] that repeats a storage of only {storage.Count} elements");
        return new TorchTensor(storage, offset, [.. dims.Select(dim => (int)dim)], strides, (int)count);
    }

    public Parameter ToParameter(string key) => new(key, _dims, Read, Storage.DType);

    /// <summary>Gathers the elements in row-major order.</summary>
    private float[] Read()
    {
        float[] values = GC.AllocateUninitializedArray<float>(Count);
        if (Count == 0)
            return values;

        // The innermost dimensions that lie without gaps are read in one run.
        int outer = _dims.Length, run = 1;
        while (outer > 0 && (_dims[outer - 1] == 1 || _strides[outer - 1] == run))
            run *= _dims[--outer];

        if (run < LongRun && Extent() is var extent && extent <= Math.Max(LongRun * 1024, 8L * Count))
        {
            // Transposed weights and the like: reading what they span in one go beats many small reads.
            float[] span = GC.AllocateUninitializedArray<float>((int)extent);
            Storage.Read(_offset, span);
            Gather(outer, run, values, (at, part) => span.AsSpan((int)at, part.Length).CopyTo(part));
        }
        else
        {
            Gather(outer, run, values, (at, part) => Storage.Read(_offset + at, part));
        }
        return values;
    }

    /// <summary>The number of elements from the first to the last.</summary>
    private long Extent()
    {
        long extent = 1;
        for (int i = 0; i < _dims.Length; i++)
            extent += (_dims[i] - 1) * _strides[i];
        return extent;
    }

    private void Gather(int outer, int run, float[] values, CopyRun copy)
    {
        int[] index = new int[outer];
        long at = 0;
        for (int filled = 0; filled < values.Length; filled += run)
        {
            copy(at, values.AsSpan(filled, run));
            for (int i = outer - 1; i >= 0; i--)
            {
                at += _strides[i];
                if (++index[i] < _dims[i])
                    break;
                at -= _dims[i] * _strides[i];
                index[i] = 0;
            }
        }
    }

    private delegate void CopyRun(long at, Span<float> part);
}
