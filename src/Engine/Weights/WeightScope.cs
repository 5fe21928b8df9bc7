namespace LungSeg.Engine.Weights;

/// <summary>A place in the tree of modules, from which a module takes its weights: <c>w["decoder"]["block1"][0]</c>.</summary>
internal sealed class WeightScope(IWeightSource source, string path = "")
{
    /// <summary>PyTorch's module path of this place; empty at the root.</summary>
    public string Path { get; } = path;

    /// <summary>The scope of a child module.</summary>
    public WeightScope this[string name] => new(source, Join(name));

    /// <summary>The scope of a numbered child, as in <c>nn.Sequential</c>.</summary>
    public WeightScope this[int index] => new(source, Join(index.ToString()));

    /// <summary>The weight of this module by its own name, such as <c>weight</c>, with the dimensions it must have.</summary>
    public Parameter Get(string name, params ReadOnlySpan<int> dims) => source.Get(Join(name), dims);

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
