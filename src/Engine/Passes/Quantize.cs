using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Passes;

/// <summary>
/// Makes a folded graph one of integers: tensors get their quantisation, convolutions integer weights, and where layers of float32 meet
/// integer ones there is a <see cref="QuantizeOp"/> or a <see cref="DequantizeOp"/>. Outputs are float32.
/// </summary>
internal static class Quantize
{
    // 255 · 63 · this, and a bias of 2^30, stay below 2^31.
    private const int MaxProducts = 66_000;

    /// <summary>
    /// Quantises a graph that standard passes have left. Throws <see cref="WeightException"/> where the table is not one of this graph.
    /// </summary>
    public static Graph Apply(Graph graph, QuantizationTable table)
    {
        IReadOnlyDictionary<Tensor, string> names = NodeNames.Of(graph);
        HashSet<string> known = [.. names.Values];
        if (table.Nodes.Keys.Concat(table.Float.Keys).FirstOrDefault(name => !known.Contains(name)) is string unknown)
            throw new WeightException($"the quantisation names a layer '{unknown}' that the network does not have");
        HashSet<Tensor> integer = ComputedInIntegers(graph, node => !table.Float.ContainsKey(names[node]));
        HashSet<Tensor> bytes = StoredAsBytes(graph, integer);
        var quantized = new Dictionary<Tensor, Tensor>();
        var dequantized = new Dictionary<Tensor, Tensor>();
        var stored = new Dictionary<Tensor, (string Name, Quantization? Stored)>();
        Graph result = graph.Rewrite((node, inputs) =>
        {
            NodeQuantization? own = bytes.Contains(node)
                ? table.Nodes.TryGetValue(names[node], out NodeQuantization found)
                    ? found : throw new WeightException($"the quantisation does not say how the result of '{names[node]}' is stored")
                : null;
            Tensor made;
            if (integer.Contains(node))
            {
                Tensor[] read = [.. inputs.Select((input, i) => node.Op.ReadsInput(i) ? Bytes(input) : input)];
                Op op = Integer(node, own?.Before);
                Check(node, op, own?.Stored, read);
                made = Tensor.Create(op, read, node.Path, quantization: own?.Stored);
            }
            else
            {
                made = Tensor.Create(node.Op, [.. inputs.Select((input, i) => node.Op.ReadsInput(i) ? Floats(input) : input)], node.Path);
            }
            stored[made] = (names[node], own?.Stored);
            return made;
        });
        return result.WithOutputs(outputs => [.. outputs.Select(Floats)]);

        Tensor Bytes(Tensor tensor)
        {
            if (tensor.Quantization is not null) return tensor;
            if (quantized.TryGetValue(tensor, out Tensor? made)) return made;
            Quantization wanted = stored[tensor].Stored
                ?? throw new WeightException($"the quantisation does not say how the result of '{stored[tensor].Name}' is stored");
            return quantized[tensor] = Tensor.Create(new QuantizeOp(), [tensor], $"{tensor.Path}.quantize", quantization: wanted);
        }

        Tensor Floats(Tensor tensor)
        {
            if (tensor.Quantization is null) return tensor;
            if (dequantized.TryGetValue(tensor, out Tensor? made)) return made;
            return dequantized[tensor] = Tensor.Create(new DequantizeOp(), [tensor], $"{tensor.Path}.dequantize");
        }
    }

    /// <summary>
    /// The nodes that are computed in integers: those with integer kernels, but for what a caller leaves in float32 and what comes after
    /// the last convolutions: the head's logits are never rounded to a byte.
    /// </summary>
    public static HashSet<Tensor> ComputedInIntegers(Graph graph, Func<Tensor, bool> allowed)
    {
        var readers = Readers(graph);
        var integer = new HashSet<Tensor>();
        var tail = new HashSet<Tensor>();
        foreach (Tensor node in graph.Nodes.Reverse())
        {
            bool convolution = node.Op is Conv2dOp or ConvTranspose2dOp;
            if (!convolution && readers[node].All(tail.Contains)) tail.Add(node);
            else if (HasIntegerKernel(node) && allowed(node)) integer.Add(node);
        }
        // What adds, multiplies or has a table is rounded to bytes: in float32 it stays, if nobody reads bytes.
        foreach (Tensor node in graph.Nodes.Reverse().Where(integer.Contains))
        {
            bool rounds = node.Op is not (Conv2dOp { Residual: false } or ConvTranspose2dOp);
            if (rounds && !readers[node].Any(integer.Contains)) integer.Remove(node);
        }
        return integer;
    }

    /// <summary>The tensors that some integer kernel reads.</summary>
    public static HashSet<Tensor> StoredAsBytes(Graph graph, HashSet<Tensor> integer) =>
        [.. graph.Nodes.Where(integer.Contains).SelectMany(ReadInputs)];

    /// <summary>Whether a result's bytes are its inputs' bytes, or means of them, so that all have the same quantisation.</summary>
    public static bool MovesBytes(Op op) => op is ConcatOp or SliceOp or MaxPool2dOp or UpsampleNearestOp or UpsampleBilinearOp;

    /// <summary>Whether an operation's activation is a table of bytes, before which the value is rounded.</summary>
    public static bool HasTable(Op op) => op is ActivatedOp
    {
        Activation: Activation.SiLU or Activation.Sigmoid or Activation.HardSigmoid or Activation.HardSwish,
    };

    /// <summary>The inputs whose data a node reads.</summary>
    public static IEnumerable<Tensor> ReadInputs(Tensor node) => node.Inputs.Where((_, i) => node.Op.ReadsInput(i));

    /// <summary>
    /// Weights rounded to integers, one scale for each output channel so that the largest becomes <see cref="Quantization.WeightLimit"/>.
    /// </summary>
    /// <param name="values">The weights in their order.</param>
    /// <param name="channelOf">The output channel of an index.</param>
    /// <param name="channels">Output channels.</param>
    public static (float[] Integers, float[] Scales) Weights(float[] values, Func<int, int> channelOf, int channels)
    {
        var scales = new float[channels];
        for (int i = 0; i < values.Length; i++) scales[channelOf(i)] = Math.Max(scales[channelOf(i)], Math.Abs(values[i]));
        for (int k = 0; k < channels; k++)
        {
            scales[k] /= Quantization.WeightLimit;
            if (!float.IsNormal(scales[k])) scales[k] = 1;
        }
        var integers = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            double nearest = Math.Round((double)values[i] / scales[channelOf(i)]);
            integers[i] = (float)Math.Clamp(nearest, -Quantization.WeightLimit, Quantization.WeightLimit);
        }
        return (integers, scales);
    }

    private static Dictionary<Tensor, List<Tensor>> Readers(Graph graph)
    {
        var readers = graph.Nodes.ToDictionary(node => node, _ => new List<Tensor>());
        foreach (Tensor node in graph.Nodes)
        {
            foreach (Tensor input in ReadInputs(node)) readers[input].Add(node);
        }
        return readers;
    }

    private static bool HasIntegerKernel(Tensor node) => node.Op switch
    {
        Conv2dOp op => op.C / op.Groups * op.R * op.S <= MaxProducts,
        ConvTranspose2dOp op => op.C * op.R * op.S <= MaxProducts,
        ConcatOp or SliceOp or AddOp or MulOp or ActivationOp => true,
        MaxPool2dOp or AvgPool2dOp or AdaptiveAvgPool2dOp or UpsampleNearestOp or UpsampleBilinearOp => true,
        _ => false,
    };

    private static void Check(Tensor node, Op op, Quantization? stored, Tensor[] read)
    {
        if (MovesBytes(op) && read.Where((_, i) => op.ReadsInput(i)).Any(input => input.Quantization != stored))
            throw new WeightException($"the quantisation of '{node.Path}' ({op.Name}) is not that of what it reads");
        if (stored is not null && HasTable(op) && op is ActivatedOp { Before: null, Activation: Activation function })
            throw new WeightException($"the quantisation does not say how '{node.Path}' is rounded before its {function.TorchName()}");
    }

    private static Op Integer(Tensor node, Quantization? before) => node.Op switch
    {
        Conv2dOp op => Integer(op) with { Before = before },
        ConvTranspose2dOp op => Integer(op) with { Before = before },
        ActivatedOp op => op with { Before = before },
        Op op => op,
    };

    private static Conv2dOp Integer(Conv2dOp op)
    {
        if (op.WeightScale is not null) return op;
        int perChannel = op.Weight.Dims[1] * op.R * op.S;
        return op with
        {
            Weight = Rounded(op.Weight, i => i / perChannel, op.K, scales: false),
            WeightScale = Rounded(op.Weight, i => i / perChannel, op.K, scales: true),
        };
    }

    private static ConvTranspose2dOp Integer(ConvTranspose2dOp op)
    {
        if (op.WeightScale is not null) return op;
        int taps = op.R * op.S;
        return op with
        {
            Weight = Rounded(op.Weight, i => i / taps % op.K, op.K, scales: false),
            WeightScale = Rounded(op.Weight, i => i / taps % op.K, op.K, scales: true),
        };
    }

    private static Parameter Rounded(Parameter weight, Func<int, int> channelOf, int channels, bool scales) => scales
        ? new Parameter($"{weight.Key}_scale", [channels], () => Weights(weight.Read(), channelOf, channels).Scales)
        : new Parameter(weight.Key, weight.Dims, () => Weights(weight.Read(), channelOf, channels).Integers, DType.Int8);
}
