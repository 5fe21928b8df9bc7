using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>What the CPU backend can run.</summary>
internal static class PlanBuilder
{
    public static bool Supports(Op op) => op is InputOp or Conv2dOp or ConvTranspose2dOp or BatchNormOp or GroupNormOp or ActivationOp
        or MaxPool2dOp or AdaptiveAvgPool2dOp or UpsampleNearestOp or UpsampleBilinearOp or ConcatOp or AddOp or MulOp or PositionAttentionOp;

    /// <summary>Whether a convolution is a matrix product of pixels.</summary>
    public static bool IsPointwise(Op op) => op is Conv2dOp { R: 1, S: 1, Stride: 1, Groups: 1, K: > 1 } convolution && convolution.Padding == default;

    public static bool IsDepthwise(Conv2dOp op) => op.Groups > 1 && op.Groups == op.C && op.K == op.C && !op.Residual;
}

/// <summary>Chooses the kernels of a graph for one instruction set and binds them to memory and weights.</summary>
internal sealed unsafe class PlanBuilder<S, V> where S : struct, ISimd<V> where V : struct
{
    private readonly CpuModel _model;
    private readonly Graph _graph;
    private readonly Workers _workers;
    private readonly PlanMemory _memory;
    private readonly Rehearsal? _rehearsal;
    private readonly List<(Tensor Node, Kernel Kernel)> _steps = [];

    // For each global pooling whose convolution adds up what it writes: into how many parts.
    private readonly Dictionary<Tensor, int> _parts = [];

    public PlanBuilder(CpuModel model, Graph graph, Workers workers, Rehearsal? rehearsal)
    {
        _rehearsal = rehearsal;
        _model = model;
        _workers = workers;
        _graph = graph;
        _memory = new PlanMemory(graph, TemporaryFloats);
    }

    public CpuPlan Build()
    {
        foreach (Tensor node in _graph.Nodes.Where(node => !_memory.IsVirtual(node))) Add(node);
        List<CpuBuffer> outputs = [.. _graph.Outputs.Select(output => new CpuBuffer(_memory[output]))];
        IReadOnlyList<PlanStep> steps = PlanStep.Of([.. _steps.Select(step => (step.Node, step.Kernel.Name))], _memory.Unstored);
        return new CpuPlan(
            _workers, [.. _steps.Select((step, i) => new Step(steps[i], step.Kernel))], _memory.Arena, new CpuBuffer(_memory.Input), outputs, _steps.Max(step => step.Kernel.ScratchFloats));
    }

    private nint TemporaryFloats(PlanMemory memory, Tensor node) => node.Op switch
    {
        Conv2dOp op when IsPointwise(node) && memory.IsGated(node) => node.Shape.N * PackedWeights.PointwiseFloats(op.K, op.C, S.Width),
        AdaptiveAvgPool2dOp when IsPooledWhileWritten(node) => node.Inputs[0].Shape.N * MostParts(node.Inputs[0]) * (nint)View.Padded(node.Shape.C),
        GroupNormOp => (nint)node.Shape.N * node.Shape.H * 2 * View.Padded(node.Shape.C),
        PositionAttentionOp => (nint)node.Shape.N * ((((nint)node.Shape.H * node.Shape.W) + 2) * node.Shape.H * node.Shape.W),
        _ => 0,
    };

    /// <summary>Whether the convolution before a global pooling, the first to pool it, adds up what it writes, part by part.</summary>
    private bool IsPooledWhileWritten(Tensor node) => node.Inputs.Count > 0 && PoolingOf(node.Inputs[0]) == node;

    private Tensor? PoolingOf(Tensor convolution) => convolution.Op is Conv2dOp { K: > 1 } op && (PlanBuilder.IsDepthwise(op) || IsPointwise(convolution))
        ? _graph.Nodes.FirstOrDefault(reader => reader.Op is AdaptiveAvgPool2dOp { OutputSize: 1 } && reader.Inputs[0] == convolution)
        : null;

    private static int MostParts(Tensor convolution) =>
        PlanBuilder.IsDepthwise((Conv2dOp)convolution.Op) ? convolution.Shape.H : PointwiseConv<S, V>.MostParts(convolution.Shape);

    /// <summary>Whether a convolution is a matrix product of pixels where they lie.</summary>
    private bool IsPointwise(Tensor node) => PlanBuilder.IsPointwise(node.Op) && node.Inputs[0] != _graph.Input;

    private void Add(Tensor node)
    {
        string name = node.Op.Name;
        switch (node.Op)
        {
            case InputOp:
                if (_memory.NeedsUnpackedInput) Add(node, new FromPlanar("unpack", _memory.Input, _memory[node]));
                break;
            case Conv2dOp op: AddConvolution(node, op); break;
            case ConvTranspose2dOp op: AddTransposed(node, op); break;
            case ConcatOp: Add(node, new Concat(name, [.. node.Inputs.Select(input => _memory[input])], _memory[node])); break;
            case UpsampleNearestOp op: Add(node, new UpsampleNearest(name, op, _memory[node.Inputs[0]], _memory[node])); break;
            default:
                // A tensor of one channel lies without padding: vectors of one lane.
                if (node.Shape.C == 1) AddByChannel<Scalar, float>(node, name);
                else AddByChannel<S, V>(node, name);
                break;
        }
    }

    private void AddByChannel<T, U>(Tensor node, string name) where T : struct, ISimd<U> where U : struct
    {
        View target = _memory[node], x = _memory.IsVirtual(node.Inputs[0]) ? default : _memory[node.Inputs[0]];
        switch (node.Op)
        {
            case BatchNormOp op:
                Add(node, new PerChannel<T, U>(name, x, _model.Packed(op, "", () => PerChannel<T, U>.Pack(op)), target, op.Activation));
                break;
            case ActivationOp op: Add(node, new PerChannel<T, U>(name, x, null, target, op.Function)); break;
            case GroupNormOp op:
                View moments = _memory.Temporary(node);
                Add(node, new RowMoments<T, U>("row moments", x, moments));
                Add(node, new GroupNorm<T, U>(name, op, x, moments, _model.Packed(op, "", () => GroupNorm<T, U>.Pack(op)), target));
                break;
            case MaxPool2dOp op: Add(node, new MaxPool2d<T, U>(name, op, x, target)); break;
            case AdaptiveAvgPool2dOp when IsPooledWhileWritten(node):
                Add(node, new PoolPartialSums<T, U>(x.Shape, _parts[node], _memory.Temporary(node), target));
                break;
            case AdaptiveAvgPool2dOp op: Add(node, new AdaptiveAvgPool2d<T, U>(name, op, x, target)); break;
            case UpsampleBilinearOp op: Add(node, new UpsampleBilinear<T, U, S, V>(name, op, x, target)); break;
            case AddOp op when _memory.GateOf(node) is Tensor gate:
                Tensor other = node.Inputs[0] == gate ? node.Inputs[1] : node.Inputs[0];
                Add(node, new GatedSum<T, U>(_memory[gate.Inputs[0]], _memory[gate.Inputs[1]], _memory[other], target, op.Activation));
                break;
            case AddOp op: Add(node, new Elementwise<T, U, Sum<T, U>>(name, x, _memory[node.Inputs[1]], target, op.Activation)); break;
            case MulOp op: Add(node, new Elementwise<T, U, Product<T, U>>(name, x, _memory[node.Inputs[1]], target, op.Activation)); break;
            case PositionAttentionOp:
                View scores = _memory.Temporary(node), bottom = _memory[node.Inputs[2]];
                Add(node, new AttentionScores<S, V>("attention scores", x, _memory[node.Inputs[1]], scores));
                Add(node, new AttentionExponentials<S, V>("attention exponentials", scores, node.Shape.N, node.Shape.H * node.Shape.W));
                Add(node, new AttentionProduct<T, U>("attention product", scores, bottom, target));
                break;
            default: throw new DeviceException($"the CPU backend has no kernel for {name} at {node.Path}");
        }
    }

    private void AddConvolution(Tensor node, Conv2dOp op)
    {
        View target = _memory[node];
        View? residual = op.Residual ? _memory[node.Inputs[1]] : null;
        ConvGeometry geometry = ConvGeometry.Of(op, node.Shape);
        string window = $"{op.R}x{op.S}";
        Tensor? pooling = PoolingOf(node);
        View? sums = pooling is null ? null : _memory.Temporary(pooling);
        if (PlanBuilder.IsDepthwise(op))
        {
            NativeMemoryBlock packed = _model.Packed(op, "", () => DepthwiseConv<S, V>.Pack(ConvWeights.Of(op)));
            Tensor input = node.Inputs[0];
            (IRowSource rows, string before) = Rows(input, geometry);
            string name = $"{before}depthwise {window}";
            Add(node, new DepthwiseConv<S, V>(name, rows, input.Shape, geometry, packed, target, sums, op.Activation, _workers.Count));
            if (pooling is not null) _parts[pooling] = node.Shape.H;
            return;
        }
        ConvSource[] sources = _memory.Parts(node.Inputs[0]);
        if (_memory.HeadOf(node.Inputs[0]) == node)
        {
            var before = (Conv2dOp)node.Inputs[0].Op;
            PackedWeights packed = Pack(before, PointwiseConv<S, V>.Blocks(sources), () => ConvWeights.Of(before));
            var head = new PointwiseHead<S, V>(_model.Packed(op, "", () => SingleOutputRow<S, V>.Pack(ConvWeights.Of(op))), op.C, op.Activation);
            Add(node, new PointwiseConv<S, V>(sources, packed, Scaled(node.Inputs[0], sources, packed), target, null, before.Activation, null, head));
        }
        else if (op.K == 1)
        {
            ConvBlocking rows = ConvBlocking.Choose(geometry, op.C, 1);
            NativeMemoryBlock packed = _model.Packed(op, "", () => SingleOutputRow<S, V>.Pack(ConvWeights.Of(op)));
            Add(node, new SingleOutputConv<S, V>($"single output {window}", sources, geometry, packed, rows, new Target(target), residual, op.Activation));
        }
        else if (IsPointwise(node))
        {
            PackedWeights packed = Pack(op, PointwiseConv<S, V>.Blocks(sources), () => ConvWeights.Of(op));
            var kernel = new PointwiseConv<S, V>(sources, packed, Scaled(node, sources, packed), target, residual, op.Activation, sums);
            Add(node, kernel);
            if (pooling is not null) _parts[pooling] = kernel.Parts;
        }
        else if (WinogradCost.Best(op, geometry, sources[0]) is int outputs)
        {
            if (outputs == Winograd3<S, V>.Outputs) AddWinograd<Winograd3<S, V>>(node, op, sources, geometry, residual);
            else AddWinograd<Winograd4<S, V>>(node, op, sources, geometry, residual);
        }
        else
        {
            ConvBlocking blocking = ConvBlocking.Choose(geometry, op.C, 2 * S.Width);
            PackedWeights packed = Pack(op, blocking.Blocks, () => ConvWeights.Of(op));
            Target? added = residual is View view ? new Target(view) : null;
            string groups = op.Groups > 1 ? $"grouped {op.Groups} " : "";
            Add(node, new GatherConv<S, V>($"direct {groups}{window}", sources, geometry, packed, blocking, new Target(target), added, op.Activation));
        }
    }

    /// <summary>A copy of weights that is multiplied by the gates before a 1x1 convolution, if there are any.</summary>
    private View? Scaled(Tensor node, ConvSource[] sources, PackedWeights packed)
    {
        if (!_memory.IsGated(node)) return null;
        View scaled = _memory.Temporary(node);
        Add(_memory.Unstored(node).First(before => before.Op is MulOp), new ScaledWeights<S, V>(sources, packed, scaled));
        return scaled;
    }

    /// <summary>Where a depthwise convolution's rows come from, and what is computed on the way, for people.</summary>
    private (IRowSource Rows, string Before) Rows(Tensor input, ConvGeometry reader)
    {
        if (input.Op is Conv2dOp op && _memory.IsVirtual(input))
        {
            ConvSource[] sources = _memory.Parts(input.Inputs[0]);
            PackedWeights packed = Pack(op, [op.C], () => ConvWeights.Of(op));
            return (new ConvolvedRows<S, V>(sources, ConvGeometry.Of(op, input.Shape), packed, op.Activation, reader), op.R == 1 ? "expand, " : $"direct {op.R}x{op.S}, ");
        }
        ConvSource[] parts = _memory.Parts(input);
        IRowSource[] rows = [.. parts.Select(part => Rows(part, reader))];
        string before = parts.Any(part => part.Upsampled is not null) ? "bilinear, " : "";
        return (rows.Length == 1 ? rows[0] : new ConcatenatedRows([.. rows.Zip(parts, (row, part) => (row, part.View.Shape.C))]), before);
    }

    private static IRowSource Rows(ConvSource part, ConvGeometry reader) => part.Upsampled is { Op: UpsampleBilinearOp op } result
        ? new InterpolatedRows<S, V>(part.View, op, result.Shape, reader)
        : new CopiedRows(part, reader);

    private void AddWinograd<W>(Tensor node, Conv2dOp op, ConvSource[] sources, ConvGeometry geometry, View? residual)
        where W : struct, IWinograd<S, V>
    {
        ConvBlocking blocking = WinogradConv<S, V, W>.Blocking(op.C);
        PackedWeights packed = Pack(op, blocking.Blocks, () => ConvWeights.Of(op), $"winograd {W.Outputs} ", WinogradWeights.Transform<S, V, W>());
        Add(node, new WinogradConv<S, V, W>(sources, geometry, packed, blocking, _memory[node], residual, op.Activation, _workers.Count));
    }

    /// <summary>
    /// A transposed convolution with stride s is s x s plain ones: the output pixels of each phase see every s-th tap, reversed.
    /// </summary>
    private void AddTransposed(Tensor node, ConvTranspose2dOp op)
    {
        ConvSource[] sources = _memory.Parts(node.Inputs[0]);
        for (int phase = 0; phase < op.Stride * op.Stride; phase++)
        {
            var rows = TransposedPhase.Of(phase / op.Stride, op.R, op.Stride, op.Padding, node.Shape.H);
            var columns = TransposedPhase.Of(phase % op.Stride, op.S, op.Stride, op.Padding, node.Shape.W);
            if (rows.Outputs == 0 || columns.Outputs == 0) continue;
            var geometry = new ConvGeometry(rows.Taps, columns.Taps, 1, 1, rows.Padding, columns.Padding, rows.Outputs, columns.Outputs);
            ConvBlocking blocking = ConvBlocking.Choose(geometry, op.C, 2 * S.Width);
            var target = new Target(_memory[node], op.Stride, rows.First, columns.First);
            string name = $"transposed {op.R}x{op.S} phase {phase}", form = $"phase {phase} ";
            ConvWeights Weights() => TransposedPhase.Weights(op, rows, columns);
            if (op.K == 1)
            {
                NativeMemoryBlock packed = _model.Packed(op, form, () => SingleOutputRow<S, V>.Pack(Weights()));
                Add(node, new SingleOutputConv<S, V>(name, sources, geometry, packed, blocking, target, null, op.Activation));
            }
            else
            {
                PackedWeights packed = Pack(op, blocking.Blocks, Weights, form);
                Add(node, new GatherConv<S, V>(name, sources, geometry, packed, blocking, target, null, op.Activation));
            }
        }
    }

    private PackedWeights Pack(
        Op op, IReadOnlyList<int> blocks, Func<ConvWeights> weights, string form = "", KernelTransform? transform = null) =>
        _model.Packed(op, $"{form}{string.Join(',', blocks)}", () => new PackedWeights(weights(), S.Width, blocks, transform));

    private void Add(Tensor node, Kernel kernel)
    {
        _steps.Add((node, kernel));
        _rehearsal?.Add(kernel);
    }
}
