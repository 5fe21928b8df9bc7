namespace LungSeg.Engine.Weights;

/// <summary>
/// Takes a network's weights from a checkpoint and keeps account: after the network is built, <see cref="Check"/> names
/// every weight that is missing, left over or of another shape. Weights that the modules hold but the traced network never
/// reads may be missing.
/// </summary>
public sealed class StrictWeights(StateDict stateDict) : IWeightSource
{
    private const int Shown = 10;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _missing = [];
    private readonly List<string> _faults = [];

    /// <inheritdoc/>
    public Parameter Get(string key, ReadOnlySpan<int> dims)
    {
        _asked.Add(key);
        int[] expected = dims.ToArray();
        if (!stateDict.TryGet(key, out Parameter? parameter))
        {
            _missing.Add(key);
            return new Parameter(key, expected, () => throw new WeightException($"weight '{key}' is missing"));
        }
        if (parameter.Dims.SequenceEqual(expected)) return parameter;

        // In the expected shape, so that the network can still be traced and every fault be told at once.
        string fault = $"{key}: expected [{string.Join(", ", expected)}], found [{string.Join(", ", parameter.Dims)}]";
        _faults.Add(fault);
        return new Parameter(key, expected, () => throw new WeightException($"weight {fault}"));
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
