using LungSeg.Engine.Weights;

namespace LungSeg.Models;

/// <summary>
/// A weight that a network's checkpoint holds: state-dict key, dimensions (none for a scalar), and whether the network reads
/// it. Weights that it does not read may be missing from a file.
/// </summary>
internal sealed record LayoutEntry(string Key, IReadOnlyList<int> Dims, bool IsRead)
{
    /// <summary>The number of elements.</summary>
    public long Count => Dims.Aggregate(1L, (product, dim) => product * dim);

    /// <summary>Whether this is a batch norm's running statistic or counter, which training computes but does not learn.</summary>
    public bool IsBuffer =>
        Key.EndsWith(".running_mean", StringComparison.Ordinal)
        || Key.EndsWith(".running_var", StringComparison.Ordinal)
        || Key.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => $"{Key} [{string.Join(", ", Dims)}]";
}

/// <summary>Gives every weight that is asked for and writes down which; none can be read.</summary>
internal sealed class LayoutRecorder : IWeightSource
{
    private readonly List<Parameter> _asked = [];

    public IReadOnlyList<Parameter> Asked => _asked;

    public Parameter Get(string key, ReadOnlySpan<int> dims)
    {
        var parameter = new Parameter(key, dims.ToArray(), () => throw new WeightException($"weight '{key}' was never loaded"));
        _asked.Add(parameter);
        return parameter;
    }
}
