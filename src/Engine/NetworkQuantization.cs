using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine;

/// <summary>
/// How a network is computed in integers: its table, and the folded weights of a file if there is one; without, the network's own
/// weights are folded and rounded.
/// </summary>
internal sealed record NetworkQuantization(QuantizationTable Table, StateDict? Weights = null)
{
    /// <summary>
    /// Quantises a folded graph. Throws <see cref="WeightException"/> where a file lacks a weight, has one of another shape, or the table
    /// is not one of this network.
    /// </summary>
    public Graph Apply(Graph folded) => Quantize.Apply(Weights is null ? folded : Bind(folded), Table);

    /// <summary>
    /// Weights to trace a network with whose batch norms are folded: what the file has, and what it lacks without values, for nobody
    /// reads them.
    /// </summary>
    public static IWeightSource Source(StateDict file) => new FoldedWeights(file);

    /// <summary>How a file says that its network is quantised; null where it says nothing of it.</summary>
    public static NetworkQuantization? Of(StateDict file) =>
        file.Metadata.TryGetValue(QuantizationTable.MetadataKey, out string? json)
            ? new NetworkQuantization(QuantizationTable.Parse(json), file) : null;

    /// <summary>Throws <see cref="WeightException"/> unless the file fits the traced network exactly.</summary>
    public void Check(Graph traced)
    {
        Graph quantized = Apply(StandardPasses.Fold(traced, new LoadOptions()));
        HashSet<string> read = [.. quantized.Parameters.Select(parameter => parameter.Key)];
        if (Weights?.FirstOrDefault(parameter => !read.Contains(parameter.Key)) is Parameter over)
            throw new WeightException($"the quantised weights do not fit the network: {over}: not part of it");
        if (Weights is not null && read.FirstOrDefault(key => !Weights.TryGet(key, out _)) is string missing && !missing.EndsWith("_scale"))
            throw new WeightException($"the quantised weights do not fit the network: {missing}: missing");
    }

    private Graph Bind(Graph folded) => folded.Rewrite((node, inputs) => Tensor.Create(node.Op switch
    {
        Conv2dOp op => op with { Weight = Get(op.Weight), Bias = Bias(op.Weight, op.K), WeightScale = Scale(op.Weight, op.K) },
        ConvTranspose2dOp op => op with { Weight = Get(op.Weight), Bias = Bias(op.Weight, op.K), WeightScale = Scale(op.Weight, op.K) },
        Op op => op,
    }, inputs, node.Path));

    private Parameter Get(Parameter weight)
    {
        Parameter found = Find(weight.Key, weight.Dims) ?? throw new WeightException($"the quantised weights lack '{weight.Key}'");
        // Larger ones overflow the 16 bits of products in pairs, on processors that have nothing wider.
        return found.StoredAs.IsFloatingPoint() ? found : Checked(found, value => MathF.Abs(value) <= Quantization.WeightLimit,
            $"integers from -{Quantization.WeightLimit} to {Quantization.WeightLimit}");
    }

    private Parameter? Bias(Parameter weight, int channels) =>
        Find(Sibling(weight, "bias"), [channels]) is Parameter found ? Checked(found, float.IsFinite, "finite numbers") : null;

    private Parameter? Scale(Parameter weight, int channels)
    {
        if (Find($"{weight.Key}_scale", [channels]) is Parameter found)
            return Checked(found, value => float.IsNormal(value) && value > 0, "scales above 0");
        return Weights!.TryGet(weight.Key, out Parameter? stored) && !stored.StoredAs.IsFloatingPoint()
            ? throw new WeightException($"the quantised weights lack '{weight.Key}_scale'") : null;
    }

    // Integers have no place for what is no number: it would come out as another one, without a word.
    private static Parameter Checked(Parameter parameter, Predicate<float> holds, string expected) =>
        new(parameter.Key, parameter.Dims, () =>
        {
            float[] values = parameter.Read();
            int wrong = Array.FindIndex(values, value => !holds(value));
            return wrong < 0 ? values
                : throw new WeightException($"{parameter.Key}: {expected} expected, found {values[wrong]} at index {wrong}");
        }, parameter.StoredAs);

    private Parameter? Find(string key, IReadOnlyList<int> dims)
    {
        if (!Weights!.TryGet(key, out Parameter? found)) return null;
        return found.Dims.SequenceEqual(dims) ? found
            : throw new WeightException($"{key}: expected [{string.Join(", ", dims)}], found [{string.Join(", ", found.Dims)}]");
    }

    private static string Sibling(Parameter weight, string name) => $"{weight.Key[..weight.Key.LastIndexOf('.')]}.{name}";

    private sealed class FoldedWeights(StateDict file) : IWeightSource
    {
        public Parameter Get(string key, ReadOnlySpan<int> dims)
        {
            if (file.TryGet(key, out Parameter? found) && dims.SequenceEqual([.. found.Dims])) return found;
            return new Parameter(key, dims.ToArray(), () => throw new WeightException($"the quantised weights lack '{key}'"));
        }
    }
}
