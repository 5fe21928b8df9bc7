namespace LungSeg.Engine.Weights;

/// <summary>
/// Takes a network's weights from a checkpoint and keeps account: after the network is built, <see cref="Check"/> names
/// every weight that is missing, left over or of another shape. Weights that the modules hold but the traced network never
/// reads may be missing.
/// </summary>
internal sealed class StrictWeights(StateDict stateDict) : IWeightSource
{
    private const int Shown = 10;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _missing = [];
    private readonly List<string> _faults = [];

    /// <inheritdoc/>
    public Parameter Get(string key, ReadOnlySpan<int> dims)
    {
        _asked.Add(key);
        if (!stateDict.TryGet(key, out Parameter? parameter)) _missing.Add(key);
        else if (dims.SequenceEqual(parameter.Dims.ToArray())) return parameter;
        else _faults.Add($"{key}: expected [{string.Join(", ", dims.ToArray())}], found [{string.Join(", ", parameter.Dims)}]");

        // A stand-in of the right shape, so that the network can be traced and all faults be told at once.
        return new Parameter(key, dims.ToArray(), () => throw new WeightException($"weight '{key}' is missing or of another shape"));
    }

    /// <summary>Throws <see cref="WeightException"/> unless the checkpoint fits the network that was built from it.</summary>
    public void Check(Graph graph)
    {
        HashSet<string> read = [.. graph.Parameters.Select(parameter => parameter.Key)];
        List<string> faults =
        [
            .. _missing.Where(read.Contains).Select(key => $"{key}: missing"),
            .. _faults,
            .. stateDict.Where(parameter => !_asked.Contains(parameter.Key)).Select(parameter => $"{parameter}: not part of the network"),
        ];
        if (faults.Count == 0) return;
        string more = faults.Count > Shown ? $" (and {faults.Count - Shown} more)" : "";
        throw new WeightException($"the weights do not fit the network: {string.Join("; ", faults.Take(Shown))}{more}");
    }
}
