using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace LungSeg.Engine.Weights;

/// <summary>A checkpoint: weights by key, in the file's order, with the file's metadata.</summary>
public sealed class StateDict : IReadOnlyCollection<Parameter>
{
    private readonly List<Parameter> _parameters;
    private readonly Dictionary<string, Parameter> _byKey;

    /// <summary>Collects weights; a key that occurs twice is an error.</summary>
    public StateDict(IEnumerable<Parameter> parameters, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters];
        _byKey = new Dictionary<string, Parameter>(_parameters.Count, StringComparer.Ordinal);
        foreach (Parameter parameter in _parameters)
        {
            ArgumentNullException.ThrowIfNull(parameter, nameof(parameters));
            if (!_byKey.TryAdd(parameter.Key, parameter))
                throw new WeightException($"weight '{parameter.Key}' occurs twice in the checkpoint");
        }
        Metadata = metadata ?? new Dictionary<string, string>();
    }

    /// <summary>The file's own notes, such as the network's key and the source's hash.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>What kind of file the weights come from, such as "PyTorch zip, pickle protocol 2"; empty for none.</summary>
    public string Format { get; init; } = "";

    /// <inheritdoc/>
    public int Count => _parameters.Count;

    /// <summary>Finds a weight by its full key.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out Parameter? parameter)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _byKey.TryGetValue(key, out parameter);
    }

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => _parameters.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
