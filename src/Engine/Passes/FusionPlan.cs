using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Passes;

/// <summary>
/// What is never stored, and who does its work: for each stored tensor what its kernel reads, multiplies, repeats, interpolates, computes
/// and adds up on the way. A backend maps these nodes to kernels and their lives to memory, and decides nothing of it again.
/// </summary>
internal sealed class FusionPlan
{
    private readonly IFusionTarget _target;
    private readonly FusionPatterns _patterns;
    private readonly HashSet<Tensor> _unstored = [];
    private readonly Dictionary<Tensor, List<Tensor>> _readers;
    private readonly Dictionary<Tensor, Slice> _slices = [];
    private readonly Dictionary<Tensor, Tensor> _overwritten = [];
    private readonly Dictionary<Tensor, int> _steps;

    private FusionPlan(Graph graph, IFusionTarget target, FusionPatterns patterns)
    {
        (Graph, _target, _patterns) = (graph, target, patterns);
        _readers = graph.Nodes.ToDictionary(node => node, _ => new List<Tensor>());
        foreach (Tensor node in graph.Nodes)
        {
            foreach (Tensor input in Read(node)) _readers[input].Add(node);
        }
        // From the last node to the first, so that a concatenation within a concatenation is seen through.
        foreach (Tensor node in graph.Nodes.Reverse())
        {
            if (!graph.Outputs.Contains(node) && IsNeverStored(node)) _unstored.Add(node);
        }
        Dictionary<Tensor, Tensor> pooled = patterns.HasFlag(FusionPatterns.PooledSums) ? FindPooledSums() : [];
        Nodes = [.. graph.Nodes.Where(node => node != graph.Input && IsStored(node)).Select(node => Fuse(node, pooled))];
        _steps = Nodes.Select((node, i) => (node.Node, Step: i + 1)).ToDictionary(pair => pair.Node, pair => pair.Step);
        _steps.Add(graph.Input, 0);
        if (patterns.HasFlag(FusionPatterns.ConcatenationInPlace)) FindSlices();
        if (patterns.HasFlag(FusionPatterns.InPlace)) FindOverwritten();
        Lives = FindLives();
    }

    /// <summary>The graph as the passes left it.</summary>
    public Graph Graph { get; }

    /// <summary>The stored tensors in execution order, without the graph's input.</summary>
    public IReadOnlyList<FusedNode> Nodes { get; }

    /// <summary>The first and the last step at which each tensor with memory of its own is needed; outputs are needed for ever.</summary>
    public IReadOnlyDictionary<Tensor, (int First, int Last)> Lives { get; }

    /// <summary>Decides for a graph and a backend's kernels.</summary>
    public static FusionPlan Of(Graph graph, IFusionTarget target, FusionPatterns patterns = FusionPatterns.All) =>
        new(graph, target, patterns);

    /// <summary>Whether a tensor is in memory at some time.</summary>
    public bool IsStored(Tensor tensor) => !_unstored.Contains(tensor);

    /// <summary>The step at which a stored tensor is made: 0 for the graph's input, i + 1 for that of <see cref="Nodes"/>[i].</summary>
    public int StepOf(Tensor stored) => _steps[stored];

    /// <summary>Where a tensor lies in the concatenation that it is written into; null if it has memory of its own.</summary>
    public Slice? SliceOf(Tensor tensor) => _slices.GetValueOrDefault(tensor);

    /// <summary>The tensor over which a tensor is written; null if it has memory of its own.</summary>
    public Tensor? WrittenOver(Tensor tensor) => _overwritten.GetValueOrDefault(tensor);

    /// <summary>The tensor whose memory a tensor lies in: itself, a concatenation, or one that nobody needs any more.</summary>
    public Tensor OwnerOf(Tensor tensor) => _slices.TryGetValue(tensor, out Slice? slice) ? OwnerOf(slice.Host)
        : _overwritten.TryGetValue(tensor, out Tensor? before) ? OwnerOf(before) : tensor;

    /// <summary>A plan for people: a line for each stored tensor.</summary>
    public override string ToString() => string.Concat(Nodes.Select(node =>
        $"{node}{(SliceOf(node.Node) is { } slice ? $", in {slice.Host.Path} from {slice.Channel}" : "")}"
        + $"{(WrittenOver(node.Node) is { } before ? $", over {before.Path}" : "")}\n"));

    private static IEnumerable<Tensor> Read(Tensor node) => node.Inputs.Where((_, index) => node.Op.ReadsInput(index));

    private bool IsNeverStored(Tensor tensor)
    {
        FusionPatterns matching = FusionPredicates.Of(Graph, tensor) & _patterns;
        return matching != FusionPatterns.None && _readers[tensor].All(reader => IsTaken(matching, reader, tensor));
    }

    private bool IsTaken(FusionPatterns matching, Tensor reader, Tensor tensor)
    {
        if (reader.Op is ConcatOp) return !IsStored(reader) && _readers[reader].All(further => IsTaken(matching, further, tensor));
        // A convolution adds what is in memory.
        if (reader.Op is Conv2dOp { Residual: true } && reader.Inputs[1] == tensor) return false;
        // One pattern after the other: the lowest that is left, until one fits.
        for (FusionPatterns left = matching; left != FusionPatterns.None; left &= left - 1)
        {
            FusionPatterns pattern = left & (FusionPatterns)(-(int)left);
            if (Takes(pattern, reader, tensor) && IsFree(pattern, reader, tensor)) return true;
        }
        return false;
    }

    private bool Takes(FusionPatterns pattern, Tensor reader, Tensor tensor) =>
        FusionPredicates.Takes(pattern, Graph, reader, tensor) && _target.Takes(pattern, Graph, reader, tensor);

    // A sum multiplies one operand, not two. A block is one operation with all its layers or none.
    private bool IsFree(FusionPatterns pattern, Tensor reader, Tensor tensor) => pattern switch
    {
        FusionPatterns.GatedSum => reader.Inputs.All(IsStored),
        FusionPatterns.SqueezeExcite => tensor.Op is not AdaptiveAvgPool2dOp || !IsStored(reader),
        _ => true,
    };

    // Pooling by the convolution that adds up for it; of several the first.
    private Dictionary<Tensor, Tensor> FindPooledSums()
    {
        Dictionary<Tensor, Tensor> result = [];
        foreach (Tensor node in Graph.Nodes.Where(IsStored))
        {
            Tensor? pooling = _readers[node].FirstOrDefault(reader => IsStored(reader) && Takes(FusionPatterns.PooledSums, reader, node));
            if (pooling is not null) result.Add(node, pooling);
        }
        return result;
    }

    private FusedNode Fuse(Tensor node, Dictionary<Tensor, Tensor> pooled)
    {
        Tensor? first = node.Inputs.Count > 0 ? node.Inputs[0] : null, pooling = pooled.GetValueOrDefault(node);
        Tensor[] unstored = [.. Unstored(node)];
        if (first is not null && pooled.GetValueOrDefault(first) == node) return new FusedNode(node) { Sums = first };
        if (node.Op is Conv2dOp conv)
        {
            Tensor? producer = first!.Op is Conv2dOp && !IsStored(first) ? first : null;
            return new FusedNode(node)
            {
                Producer = producer,
                Sources = [.. Sources((producer ?? node).Inputs[0])],
                Addend = conv.Residual ? node.Inputs[1] : null,
                Pooling = pooling,
                Unstored = unstored,
            };
        }
        if (node.Op is AddOp && unstored is [{ Op: MulOp } product, ..])
        {
            Tensor addend = node.Inputs.Single(input => input != product);
            return new FusedNode(node) { Sources = [.. Sources(product)], Addend = addend, Unstored = unstored };
        }
        return new FusedNode(node) { Sources = [.. Read(node).SelectMany(Sources)], Unstored = unstored };
    }

    private IEnumerable<FusedSource> Sources(Tensor tensor) => IsStored(tensor) ? [new FusedSource(tensor)] : tensor.Op switch
    {
        MulOp => [new FusedSource(tensor.Inputs[0], Gate: tensor.Inputs[1])],
        UpsampleBilinearOp => [new FusedSource(tensor.Inputs[0], Upsampled: tensor)],
        UpsampleNearestOp op => Sources(tensor.Inputs[0]).Select(source => source with { Repeat = source.Repeat * op.Scale }),
        _ => tensor.Inputs.SelectMany(Sources),
    };

    private IEnumerable<Tensor> Unstored(Tensor node) =>
        Read(node).Where(input => !IsStored(input)).SelectMany(input => Unstored(input).Prepend(input));

    private void FindSlices()
    {
        foreach (Tensor host in Nodes.Select(node => node.Node).Where(node => node.Op is ConcatOp))
        {
            int channel = 0;
            for (int part = 0; part < host.Inputs.Count; part++)
            {
                Tensor tensor = host.Inputs[part];
                if (tensor != Graph.Input && _target.Takes(FusionPatterns.ConcatenationInPlace, Graph, host, tensor))
                    _slices.TryAdd(tensor, new Slice(host, part, channel));
                channel += tensor.Shape.C;
            }
        }
    }

    private void FindOverwritten()
    {
        Dictionary<Tensor, FusedNode> last = [];
        foreach (FusedNode node in Nodes)
        {
            foreach (Tensor tensor in node.Reads) last[tensor] = node;
        }
        foreach (FusedNode node in Nodes)
        {
            Tensor? over = node.Reads.FirstOrDefault(tensor => last[tensor] == node && !Graph.Outputs.Contains(tensor)
                && Takes(FusionPatterns.InPlace, node.Node, tensor));
            if (over is not null) _overwritten.Add(node.Node, over);
        }
    }

    private Dictionary<Tensor, (int First, int Last)> FindLives()
    {
        Dictionary<Tensor, (int First, int Last)> lives = new() { [Graph.Input] = (0, 0) };
        for (int i = 0; i < Nodes.Count; i++)
        {
            Need(Nodes[i].Node, i + 1);
            foreach (Tensor tensor in Nodes[i].Reads) Need(tensor, i + 1);
        }
        foreach (Tensor output in Graph.Outputs) Need(output, int.MaxValue);
        return lives;

        void Need(Tensor tensor, int step)
        {
            Tensor owner = OwnerOf(tensor);
            bool known = lives.TryGetValue(owner, out (int First, int Last) life);
            lives[owner] = known ? (life.First, Math.Max(life.Last, step)) : (step, step);
        }
    }
}

/// <summary>A stored tensor and what its kernel does on the way.</summary>
internal sealed record FusedNode(Tensor Node)
{
    /// <summary>A convolution before it, never stored, that its kernel computes on the way; null if there is none.</summary>
    public Tensor? Producer { get; init; }

    /// <summary>What is read in place of the operation's inputs, or of its producer's, but for <see cref="Addend"/>.</summary>
    public IReadOnlyList<FusedSource> Sources { get; init; } = [];

    /// <summary>What is added before the activation, read as it lies: a convolution's residual, a gated sum's other operand.</summary>
    public Tensor? Addend { get; init; }

    /// <summary>The global pooling that a convolution adds up for as it writes.</summary>
    public Tensor? Pooling { get; init; }

    /// <summary>For a global pooling: the convolution that has left it sums, which it takes instead of the map.</summary>
    public Tensor? Sums { get; init; }

    /// <summary>The tensors that are never stored on the way from stored ones to this one, the nearest first.</summary>
    public IReadOnlyList<Tensor> Unstored { get; init; } = [];

    /// <summary>Whether something is multiplied on the way.</summary>
    public bool IsGated => Sources.Any(source => source.Gate is not null);

    /// <summary>The tensors in memory that its kernel reads.</summary>
    public IEnumerable<Tensor> Reads =>
        Sources.SelectMany(source => (Tensor?[])[source.Tensor, source.Gate]).Append(Addend).OfType<Tensor>().Distinct();

    /// <summary>A line for people, such as <c>block.project: conv2d of block.depthwise * block.gate + block.input</c>.</summary>
    public override string ToString() => $"{Node.Path}: {Node.Op.Name} "
        + (Sums is null ? "of " : $"of sums left by {Sums.Path}")
        + (Producer is null ? "" : $"{Producer.Path} of ")
        + string.Join(" & ", Sources)
        + (Addend is null ? "" : $" + {Addend.Path}")
        + (Node.Op is ActivatedOp { Activation: not Activation.None } activated ? $", {activated.Activation}" : "")
        + (Pooling is null ? "" : $", sums for {Pooling.Path}");
}

/// <summary>
/// A tensor in memory that a kernel reads, what each of its channels is multiplied by, how often each of its pixels is seen along a row and
/// a column (nearest upsampling), and the bilinear upsampling of it that is never stored.
/// </summary>
internal sealed record FusedSource(Tensor Tensor, Tensor? Gate = null, int Repeat = 1, Tensor? Upsampled = null)
{
    /// <summary>Such as <c>block.depthwise * block.gate</c>.</summary>
    public override string ToString() => Tensor.Path
        + (Gate is null ? "" : $" * {Gate.Path}")
        + (Repeat == 1 ? "" : $" x{Repeat}")
        + (Upsampled is null ? "" : $" bilinear to {Upsampled.Shape.H}x{Upsampled.Shape.W}");
}

/// <summary>Where a part of a concatenation lies in it.</summary>
internal sealed record Slice(Tensor Host, int Part, int Channel);
