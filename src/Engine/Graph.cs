using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine;

/// <summary>
/// A traced network. Nodes are in execution order and all lead to an output; taps name tensors by the module path whose
/// result they are. Immutable: passes make new graphs.
/// </summary>
public sealed class Graph
{
    private Graph(Tensor input, IReadOnlyList<Tensor> outputs, IReadOnlyDictionary<string, Tensor> taps, IEnumerable<Tensor> order)
    {
        HashSet<Tensor> live = Reachable(outputs);
        live.Add(input);
        Input = input;
        Outputs = outputs;
        Nodes = [.. order.Where(live.Contains)];
        Taps = taps.Where(tap => live.Contains(tap.Value)).ToDictionary(StringComparer.Ordinal);
        Consumers = CountConsumers();
    }

    /// <summary>The image that goes in.</summary>
    public Tensor Input { get; }

    /// <summary>What the network is run for; the first is the network's own output, others are taps that were asked for.</summary>
    public IReadOnlyList<Tensor> Outputs { get; }

    /// <summary>Module path to the tensor that the module returned.</summary>
    public IReadOnlyDictionary<string, Tensor> Taps { get; }

    /// <summary>All tensors in execution order, the input first.</summary>
    public IReadOnlyList<Tensor> Nodes { get; }

    /// <summary>How many times each tensor is read; being an output counts as one.</summary>
    public IReadOnlyDictionary<Tensor, int> Consumers { get; }

    /// <summary>How the network is computed in integers, when it is loaded; null for float32. Passes drop it: they have done it.</summary>
    internal NetworkQuantization? Quantization { get; private init; }

    /// <summary>Multiply-accumulates of one run at the traced shape.</summary>
    public long Macs => Nodes.Sum(node => node.Macs);

    /// <summary>The weights that the network reads, each once.</summary>
    public IEnumerable<Parameter> Parameters => Nodes.SelectMany(node => node.Op.Parameters).DistinctBy(p => p.Key);

    /// <summary>Runs a network symbolically on an input of the given shape and records what it computes.</summary>
    internal static Graph Record(Shape input, Func<Tensor, Tensor> network) => Record(input, x => (IReadOnlyList<Tensor>)[network(x)]);

    /// <summary>Runs a network with several results symbolically; they become the graph's outputs in their order.</summary>
    internal static Graph Record(Shape input, Func<Tensor, IReadOnlyList<Tensor>> network)
    {
        var trace = new Trace();
        Tensor x = Tensor.Create(new InputOp(input), [], "input", trace);
        trace.Add(x);
        return new Graph(x, network(x), trace.Taps, trace.Tensors);
    }

    /// <summary>The same network run for further outputs, named by module path.</summary>
    public Graph WithTaps(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<Tensor> outputs = [.. Outputs];
        foreach (string path in paths)
        {
            if (!Taps.TryGetValue(path, out Tensor? tensor))
                throw new WeightException($"the network has no module '{path}' whose result can be read");
            outputs.Add(tensor);
        }
        return new Graph(Input, outputs, Taps, Nodes);
    }

    /// <summary>The same network, to be computed in integers.</summary>
    internal Graph WithQuantization(NetworkQuantization quantization) =>
        new(Input, Outputs, Taps, Nodes) { Quantization = quantization };

    /// <summary>The same network for an input of another shape.</summary>
    public Graph WithInput(Shape input) =>
        Rewrite((node, inputs) =>
            Tensor.Create(node.Op is InputOp ? new InputOp(input) : node.Op, inputs, node.Path, quantization: node.Quantization));

    /// <summary>
    /// Makes a new graph by giving each node, in order, its replacement. The rule gets the node and its inputs'
    /// replacements and returns a tensor of the same value: a new one, or one that it was given. Nodes that nothing reads
    /// any more fall away.
    /// </summary>
    internal Graph Rewrite(Func<Tensor, IReadOnlyList<Tensor>, Tensor> rule)
    {
        var replaced = new Dictionary<Tensor, Tensor>(Nodes.Count);
        var order = new List<Tensor>(Nodes.Count);
        var known = new HashSet<Tensor>();
        foreach (Tensor node in Nodes)
        {
            Tensor replacement = rule(node, [.. node.Inputs.Select(input => replaced[input])]);
            replaced[node] = replacement;
            Append(replacement);
        }
        return new Graph(
            replaced[Input],
            [.. Outputs.Select(output => replaced[output])],
            Taps.ToDictionary(tap => tap.Key, tap => replaced[tap.Value], StringComparer.Ordinal),
            order);

        // A rule may return a small tree of new nodes: its leaves come first.
        void Append(Tensor tensor)
        {
            if (!known.Add(tensor)) return;
            foreach (Tensor input in tensor.Inputs) Append(input);
            order.Add(tensor);
        }
    }

    /// <summary>The same graph with other outputs: its nodes, or what a rule makes of the outputs that it had.</summary>
    internal Graph WithOutputs(Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> rule)
    {
        IReadOnlyList<Tensor> outputs = rule(Outputs);
        return new Graph(Input, outputs, Taps, Nodes.Concat(outputs.Where(output => !Nodes.Contains(output))));
    }

    private static HashSet<Tensor> Reachable(IEnumerable<Tensor> outputs)
    {
        var live = new HashSet<Tensor>();
        var pending = new Stack<Tensor>(outputs);
        while (pending.TryPop(out Tensor? tensor))
        {
            if (!live.Add(tensor)) continue;
            foreach (Tensor input in tensor.Inputs) pending.Push(input);
        }
        return live;
    }

    private Dictionary<Tensor, int> CountConsumers()
    {
        Dictionary<Tensor, int> consumers = Nodes.ToDictionary(node => node, _ => 0);
        foreach (Tensor input in Nodes.SelectMany(node => node.Inputs).Concat(Outputs)) consumers[input]++;
        return consumers;
    }
}
