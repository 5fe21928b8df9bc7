namespace LungSeg.Engine;

/// <summary>A recording of a network: what modules compute while they run, in order, and where each of them is.</summary>
internal sealed class Trace
{
    private readonly List<Tensor> _tensors = [];
    private readonly Dictionary<string, Tensor> _taps = new(StringComparer.Ordinal);
    private string _path = "";

    internal Trace() { }

    internal IReadOnlyList<Tensor> Tensors => _tensors;

    internal IReadOnlyDictionary<string, Tensor> Taps => _taps;

    /// <summary>Runs a module's body under its path and records its result as that path's tap.</summary>
    public Tensor Call(string path, Func<Tensor> body)
    {
        Tensor result = Within(path, body);
        Tap(path, result);
        return result;
    }

    /// <summary>Runs a module's body under its path, for modules that return something other than one tensor.</summary>
    public T Within<T>(string path, Func<T> body)
    {
        string outer = _path;
        _path = path;
        try
        {
            return body();
        }
        finally
        {
            _path = outer;
        }
    }

    /// <summary>The dilation of every convolution traced now that has more than one pixel; null leaves them as they are built.</summary>
    internal int? Dilation { get; private set; }

    /// <summary>
    /// Runs a part of a network whose convolutions are dilated by <paramref name="rate"/> in place of their strides, so that the map
    /// keeps its size (Chen et al. 2017, arXiv:1706.05587). Padding becomes half the kernel times the rate. Null changes nothing.
    /// </summary>
    public T Dilated<T>(int? rate, Func<T> body)
    {
        int? outer = Dilation;
        Dilation = rate;
        try
        {
            return body();
        }
        finally
        {
            Dilation = outer;
        }
    }

    /// <summary>Records a tensor under a path, so that it can be read out by that name.</summary>
    public void Tap(string path, Tensor tensor) => _taps[path] = tensor;

    internal void Add(Tensor tensor) => _tensors.Add(tensor);

    internal string FunctionalPath(string op) => _path.Length == 0 ? op : $"{_path}.{op}";
}
