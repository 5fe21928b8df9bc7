namespace LungSeg.Engine.Weights;

/// <summary>
/// A weight by its state-dict key and dimensions. The values are read when somebody needs them: what passes fold and
/// backends pack. A scalar has no dimensions.
/// </summary>
public sealed class Parameter
{
    private readonly Func<float[]> _read;

    /// <summary>
    /// Names a weight; <paramref name="read"/> returns its values in row-major order as float32, whatever type they are
    /// <paramref name="storedAs"/>.
    /// </summary>
    public Parameter(string key, IReadOnlyList<int> dims, Func<float[]> read, DType storedAs = DType.Float32)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(dims);
        ArgumentNullException.ThrowIfNull(read);
        Key = key;
        Dims = dims;
        StoredAs = storedAs;
        _read = read;
    }

    /// <summary>The full state-dict key, such as <c>encoder._conv_stem.weight</c>.</summary>
    public string Key { get; }

    /// <summary>The dimensions, outermost first.</summary>
    public IReadOnlyList<int> Dims { get; }

    /// <summary>The element type in the file that the weight comes from.</summary>
    public DType StoredAs { get; }

    /// <summary>The number of elements.</summary>
    public long Count => Dims.Aggregate(1L, (product, dim) => product * dim);

    /// <summary>Reads the values in row-major order, converted to float32. Each call reads anew: keep the result.</summary>
    public float[] Read() => _read();

    /// <summary>The same values under another key.</summary>
    public Parameter WithKey(string key) => new(key, Dims, _read, StoredAs);

    /// <summary>The same values under other dimensions with the same count.</summary>
    internal Parameter WithDims(IReadOnlyList<int> dims) => new(Key, dims, _read, StoredAs);

    /// <summary>The values multiplied by a factor.</summary>
    internal Parameter Scaled(float factor) =>
        factor == 1 ? this : new(Key, Dims, () => Array.ConvertAll(_read(), value => value * factor), StoredAs);

    /// <inheritdoc/>
    public override string ToString() => $"{Key} [{string.Join(", ", Dims)}]";
}
