namespace LungSeg.Engine.Weights.Torch;

/// <summary>
/// A flat run of elements that tensors look into. Where it lies is known at once in a zip file; in a legacy file only
/// after the pickle, so it is set later.
/// </summary>
internal sealed class TorchStorage(DType dtype, long count, bool bigEndian)
{
    private ByteSource? _source;
    private long _offset;

    public DType DType => dtype;

    /// <summary>The number of elements.</summary>
    public long Count => count;

    public bool IsLocated => _source is not null;

    /// <summary>States where the elements lie.</summary>
    public void Locate(ByteSource source, long offset) => (_source, _offset) = (source, offset);

    /// <summary>States that the elements lie in another storage, from one of its elements on.</summary>
    public void LocateIn(TorchStorage root, long first) => (_source, _offset) = (root._source, root._offset + first * dtype.ItemSize());

    /// <summary>The same bytes, read as another type.</summary>
    public TorchStorage As(DType other)
    {
        if (other == dtype)
            return this;
        var storage = new TorchStorage(other, count * dtype.ItemSize() / other.ItemSize(), bigEndian);
        if (_source is not null)
            storage.Locate(_source, _offset);
        return storage;
    }

    /// <summary>Reads consecutive elements as float32.</summary>
    public void Read(long first, Span<float> values)
    {
        ByteSource source = _source ?? throw new InvalidOperationException("the storage was not located");
        ElementReader.Read(source, _offset + first * dtype.ItemSize(), dtype, bigEndian, values);
    }
}
