using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Where a graph's tensors lie. A concatenation, an upsampling or a channel-wise gate that only convolutions read is never
/// made: they read its parts, and repeat or multiply on the way; nor is a 1x1 convolution or a first layer that a depthwise one
/// reads, nor what a head reads pixel by pixel. The input keeps its memory for the whole run, so that a plan can be run again.
/// </summary>
internal sealed unsafe class PlanMemory
{
    // Kernels may read or write a vector past a buffer's end.
    private const nint Slack = 64;

    // So few that gathering them anew for each slab of a depthwise convolution costs little.
    private const int FewChannels = 4;
    private readonly Graph _graph;
    private readonly HashSet<Tensor> _virtual = [];
    private readonly Dictionary<Tensor, View> _views = [];
    private readonly Dictionary<Tensor, View> _temporaries = [];
    private readonly Dictionary<Tensor, List<Tensor>> _readers;
    private readonly View? _unpackedInput;

    public PlanMemory(Graph graph, Func<PlanMemory, Tensor, nint> temporaryFloats)
    {
        _graph = graph;
        _readers = graph.Nodes.ToDictionary(node => node, _ => new List<Tensor>());
        foreach (Tensor node in graph.Nodes)
        {
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Op.ReadsInput(i)) _readers[node.Inputs[i]].Add(node);
            }
        }
        FindVirtual();

        Dictionary<Tensor, int> lastRead = LastReads();
        var owners = new List<Action<nint>>();
        var lives = new List<Lifetime>();
        nint arena = 0;
        float* Base() => Arena!.Data;
        Dictionary<Tensor, int> steps = graph.Nodes.Select((node, step) => (node, step)).ToDictionary(pair => pair.node, pair => pair.step);
        foreach ((Tensor node, int step) in steps)
        {
            nint temporary = temporaryFloats(this, node);
            if (temporary > 0)
            {
                Tensor user = _virtual.Contains(node) && HeadOf(node) is Tensor head ? head : node;
                lives.Add(new Lifetime(temporary + Slack, steps[node.Inputs[0]], steps[user]));
                owners.Add(offset => _temporaries[node] = new View(Base() + offset, new Shape(1, 1, 1, (int)temporary)));
            }
            if (_virtual.Contains(node)) continue;
            bool planar = node == graph.Input;
            var shapeOnly = new View(null, node.Shape, planar);
            lives.Add(new Lifetime(shapeOnly.Count + Slack, planar ? 0 : step, planar ? int.MaxValue : lastRead[node]));
            owners.Add(offset => _views[node] = new View(Base() + offset, node.Shape, planar));
        }
        NeedsUnpackedInput = graph.Outputs.Contains(graph.Input) || _readers[graph.Input].Any(reader => !ReadsParts(reader, graph.Input));
        if (NeedsUnpackedInput)
        {
            lives.Add(new Lifetime(new View(null, graph.Input.Shape).Count + Slack, 0, lastRead[graph.Input]));
            owners.Add(_ => { });
        }
        (nint[] offsets, arena) = MemoryPlan.Place(lives);
        Arena = new NativeMemoryBlock(arena + Slack);
        for (int i = 0; i < offsets.Length; i++) owners[i](offsets[i]);
        if (NeedsUnpackedInput) _unpackedInput = new View(Base() + offsets[^1], graph.Input.Shape);
    }

    public NativeMemoryBlock Arena { get; }

    /// <summary>Whether some kernel cannot read the planar input as it is.</summary>
    public bool NeedsUnpackedInput { get; }

    /// <summary>The planar input.</summary>
    public View Input => _views[_graph.Input];

    /// <summary>Whether a node's result is never made.</summary>
    public bool IsVirtual(Tensor node) => _virtual.Contains(node);

    /// <summary>Whether gates are multiplied in as a node reads.</summary>
    public bool IsGated(Tensor node) => Unstored(node).Any(before => before.Op is MulOp);

    /// <summary>The tensors that are never made on the way from stored ones to a node.</summary>
    public IEnumerable<Tensor> Unstored(Tensor node) =>
        node.Inputs.Where(_virtual.Contains).SelectMany(input => Unstored(input).Prepend(input));

    /// <summary>A tensor in NHWC.</summary>
    public View this[Tensor tensor] => tensor == _graph.Input ? _unpackedInput!.Value : _views[tensor];

    /// <summary>A node's working memory.</summary>
    public View Temporary(Tensor node) => _temporaries[node];

    /// <summary>What a convolution reads for a tensor: itself, the planar input, or the parts of what is never made.</summary>
    public ConvSource[] Parts(Tensor tensor)
    {
        if (!_virtual.Contains(tensor)) return [new ConvSource(_views[tensor])];
        return tensor.Op switch
        {
            MulOp => [new ConvSource(_views[tensor.Inputs[0]], _views[tensor.Inputs[1]])],
            UpsampleBilinearOp => [new ConvSource(_views[tensor.Inputs[0]], Upsampled: tensor)],
            UpsampleNearestOp op => [.. Parts(tensor.Inputs[0]).Select(part => part with { Repeat = part.Repeat * op.Scale })],
            _ => [.. tensor.Inputs.SelectMany(Parts)],
        };
    }

    /// <summary>The convolution to one channel that takes a 1x1 convolution's pixels as they are made, if one does.</summary>
    public Tensor? HeadOf(Tensor node) =>
        PlanBuilder.IsPointwise(node.Op) && node.Op is Conv2dOp { Residual: false } && node.Inputs[0] != _graph.Input && !_graph.Outputs.Contains(node)
            && _readers[node] is [{ Op: Conv2dOp { K: 1, R: 1, S: 1, Stride: 1, Residual: false } op } head] && op.Padding == default ? head : null;

    /// <summary>The operand of a sum that is a gate and never made, if one is.</summary>
    public Tensor? GateOf(Tensor sum) => sum.Inputs.FirstOrDefault(_virtual.Contains);

    private IEnumerable<Tensor> Expand(Tensor tensor) => _virtual.Contains(tensor) ? tensor.Inputs.SelectMany(Expand) : [tensor];

    // From the last node to the first, so that a concatenation within a concatenation is seen through.
    private void FindVirtual()
    {
        foreach (Tensor node in _graph.Nodes.Reverse())
        {
            if ((node.Op is ConcatOp or UpsampleNearestOp || IsInterpolation(node) || IsGate(node) || IsExpansion(node) || HeadOf(node) is not null) && !_graph.Outputs.Contains(node) && AllReadParts(node))
                _virtual.Add(node);
        }
    }

    private bool AllReadParts(Tensor tensor) => _readers[tensor].All(reader => ReadsParts(reader, tensor));

    private bool ReadsParts(Tensor reader, Tensor tensor) => reader.Op switch
    {
        Conv2dOp op when PlanBuilder.IsDepthwise(op) => tensor.Op is not MulOp,
        Conv2dOp when HeadOf(tensor) == reader => true,
        Conv2dOp { R: 1, S: 1 } when tensor.Op is UpsampleNearestOp || tensor.Inputs.Contains(_graph.Input) => false,
        Conv2dOp when IsInterpolation(tensor) => false,
        Conv2dOp op => !IsExpansion(tensor) && !(op.Residual && reader.Inputs[1] == tensor),
        ConvTranspose2dOp => !IsExpansion(tensor) && !IsInterpolation(tensor),
        ConcatOp when IsConstant(tensor) => _virtual.Contains(reader) && _readers[reader].All(further => PlanBuilder.IsPointwise(further.Op)) && !reader.Inputs.All(IsConstant),
        ConcatOp => !IsExpansion(tensor) && _virtual.Contains(reader) && _readers[reader].All(further => ReadsParts(further, tensor)),
        // One gate is multiplied in on the way; two are not.
        AddOp => IsGate(tensor) && reader.Inputs[0] != reader.Inputs[1] && reader.Inputs[0].Shape == reader.Inputs[1].Shape
            && !_virtual.Contains(reader.Inputs[0]) && !_virtual.Contains(reader.Inputs[1]),
        _ => false,
    };

    // A 1x1 convolution, or one of a few channels, that feeds a depthwise one alone is computed row by row when that wants it.
    // Two would compute it twice.
    private bool IsExpansion(Tensor node) => node.Op is Conv2dOp { Groups: 1, Dilation: 1, Residual: false, K: > 1 } op
        && (op is { R: 1, S: 1, Stride: 1 } && op.Padding == default || op.C <= FewChannels)
        && _graph.Consumers[node] == 1 && node.Inputs[0].Op is not (ConcatOp or MulOp or UpsampleNearestOp or UpsampleBilinearOp);

    private bool IsInterpolation(Tensor node) => node.Op is UpsampleBilinearOp { Activation: Activation.None } && node.Shape.C > 1 && node.Inputs[0] != _graph.Input;

    // What bilinear upsampling makes of a single pixel.
    private bool IsConstant(Tensor node) => IsInterpolation(node) && node.Inputs[0].Shape is { H: 1, W: 1 };

    private bool IsGate(Tensor node) => node.Op is MulOp { Activation: Activation.None }
        && node.Inputs[0] != _graph.Input && node.Inputs[0].Shape == node.Shape
        && node.Inputs[1].Shape is { H: 1, W: 1 } && node.Inputs[1].Shape.C == node.Shape.C && node.Shape.C > 1
        && node.Inputs[1] != _graph.Input;

    private Dictionary<Tensor, int> LastReads()
    {
        Dictionary<Tensor, int> last = _graph.Nodes.ToDictionary(node => node, _ => 0);
        for (int step = 0; step < _graph.Nodes.Count; step++)
        {
            Tensor node = _graph.Nodes[step];
            last[node] = Math.Max(last[node], step);
            if (_virtual.Contains(node)) continue;
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                if (!node.Op.ReadsInput(i)) continue;
                foreach (Tensor part in Expand(node.Inputs[i])) last[part] = Math.Max(last[part], step);
            }
        }
        foreach (Tensor output in _graph.Outputs) last[output] = int.MaxValue;
        return last;
    }
}
