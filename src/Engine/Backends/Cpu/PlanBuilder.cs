using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>What the CPU backend can run.</summary>
internal static class PlanBuilder
{
    public static bool Supports(Op op) =>
        op is QuantizeOp or DequantizeOp
        or InputOp or Conv2dOp or ConvTranspose2dOp or BatchNormOp or GroupNormOp or ChannelNormOp or ActivationOp
        or MaxPool2dOp or AvgPool2dOp or AdaptiveAvgPool2dOp or UpsampleNearestOp or UpsampleBilinearOp or ConcatOp or SliceOp or SoftmaxOp
        or AddOp or MulOp or PositionAttentionOp;
}

/// <summary>Maps the nodes of a fusion plan to kernels of one instruction set, and binds these to memory and weights.</summary>
internal sealed unsafe class PlanBuilder<S, V> where S : struct, ISimd<V> where V : struct
{
    private readonly CpuModel _model;
    private readonly FusionPlan _plan;
    private readonly Workers _workers;
    private readonly bool _unpacksInput;
    private readonly PlanMemory _memory;
    private readonly List<(Tensor Node, Kernel Kernel)> _steps = [];
    private readonly Int8Builder? _integers;
    private JitWarmup? _warmup;

    // For each convolution that adds up what it writes for a global pooling: into how many parts.
    private readonly Dictionary<Tensor, int> _parts = [];

    public PlanBuilder(CpuModel model, FusionPlan plan, Workers workers, IntegerPath? path = null)
    {
        (_model, _plan, _workers) = (model, plan, workers);
        _unpacksInput = plan.Graph.Outputs.Contains(plan.Graph.Input) || plan.Nodes.Any(ReadsUnpackedInput);
        _memory = new PlanMemory(plan, _unpacksInput, plan.Nodes.Select(TemporaryOf).OfType<Temporary>());
        _integers = path is IntegerPath integers ? Int8Builder.Of(integers, model, _memory, workers.Count, Add) : null;
    }

    public CpuPlan Build()
    {
        try
        {
            Tensor input = _plan.Graph.Input;
            // With one thread there is no processor to spare for it. It is done with the arena before that is freed.
            bool warms = RuntimeFeature.IsDynamicCodeCompiled && _workers.Count > 1 && MemoryMeasure.Current is null;
            using (_warmup = warms ? new JitWarmup() : null)
            {
                if (_unpacksInput) Add(input, new FromPlanar("unpack", _memory[input], _memory.Unpacked));
                foreach (FusedNode node in _plan.Nodes) Add(node);
            }
            Dictionary<Tensor, IReadOnlyList<Tensor>> unstored = _plan.Nodes.ToDictionary(node => node.Node, node => node.Unstored);
            IReadOnlyList<PlanStep> steps = PlanStep.Of(
                [.. _steps.Select(step => (step.Node, step.Kernel.Name))], node => unstored.GetValueOrDefault(node, []));
            return new CpuPlan(
                _model.Uses, _workers, [.. _steps.Select((step, i) => new Step(steps[i], step.Kernel))], _memory.Arena, _memory[input],
                [.. _plan.Graph.Outputs.Select(Map)], _steps.Max(step => step.Kernel.ScratchFloats));
        }
        catch
        {
            _memory.Arena.Dispose();
            throw;
        }
    }

    // Convolutions gather planar pixels; their residuals and all other operations do not.
    private bool ReadsUnpackedInput(FusedNode node)
    {
        Tensor input = _plan.Graph.Input;
        if (Int8Builder.Takes(node.Node)) return false;
        return node.Addend == input || (node.Node.Op is not (Conv2dOp or ConvTranspose2dOp) && node.Reads.Contains(input));
    }

    private Temporary? TemporaryOf(FusedNode fused)
    {
        Tensor node = fused.Node;
        nint images = node.Shape.N, pixels = (nint)node.Shape.H * node.Shape.W, channels = CpuTensor.Padded(node.Shape.C);
        if (fused.Sums is Tensor pooled) return new Temporary(node, images * MaxParts(pooled) * channels, pooled);
        if (fused.IsGated && Product(fused) is Conv2dOp op)
            return new Temporary(node, images * PackedWeights.PointwiseFloats(op.K, op.C, S.Width), node);
        if (node.Op is GroupNormOp) return new Temporary(node, images * node.Shape.H * 2 * channels, node);
        return node.Op is PositionAttentionOp ? new Temporary(node, images * ((pixels + 2) * pixels), node) : null;
    }

    private static int MaxParts(Tensor convolution) =>
        FusionPredicates.IsDepthwise(convolution.Op) ? convolution.Shape.H : PointwiseConv<S, V>.MaxParts(convolution.Shape);

    // The convolution that a node computes as a matrix product of pixels: itself, or the one whose pixels its head takes.
    private Conv2dOp? Product(FusedNode node)
    {
        Tensor first = node.Producer ?? node.Node;
        return CpuFusion.IsPointwise(_plan.Graph, first) && !FusionPredicates.IsDepthwise(node.Node.Op) ? (Conv2dOp)first.Op : null;
    }

    /// <summary>A tensor in NHWC.</summary>
    private CpuTensor Map(Tensor tensor) => tensor == _plan.Graph.Input ? _memory.Unpacked : _memory[tensor];

    private ConvSource[] Sources(FusedNode node) => [.. node.Sources.Select(source => new ConvSource(
        _memory[source.Tensor], source.Gate is Tensor gate ? _memory[gate] : null, source.Repeat, source.Upsampled))];

    private void Add(FusedNode node)
    {
        Tensor tensor = node.Node;
        if (Int8Builder.Takes(tensor))
        {
            _integers!.Add(node);
            return;
        }
        switch (tensor.Op)
        {
            case Conv2dOp op: AddConvolution(node, op); break;
            case ConvTranspose2dOp op: AddTransposed(node, op); break;
            case ConcatOp: Add(tensor, new Concat(tensor.Op.Name, [.. tensor.Inputs.Select(Map)], Map(tensor))); break;
            case SliceOp op: Add(tensor, new ChannelSlice(op.Name, op.Start, Map(tensor.Inputs[0]), Map(tensor))); break;
            case UpsampleNearestOp op: Add(tensor, new UpsampleNearest(op.Name, op, Map(tensor.Inputs[0]), Map(tensor))); break;
            default:
                // A tensor of one channel lies without padding: vectors of one lane.
                if (tensor.Shape.C == 1 && S.IsExact) AddByChannel<ExactScalar, float>(node);
                else if (tensor.Shape.C == 1) AddByChannel<Scalar, float>(node);
                else AddByChannel<S, V>(node);
                break;
        }
    }

    private void AddByChannel<T, U>(FusedNode fused) where T : struct, ISimd<U> where U : struct
    {
        Tensor node = fused.Node;
        string name = node.Op.Name;
        CpuTensor target = Map(node);
        if (fused.Sums is Tensor pooled)
        {
            Add(node, new PoolPartialSums<T, U>(pooled.Shape, _parts[pooled], _memory.Temporary(node), target));
            return;
        }
        if (fused is { IsGated: true, Addend: Tensor addend })
        {
            FusedSource product = fused.Sources[0];
            Add(node, new GatedSum<T, U>(Map(product.Tensor), Map(product.Gate!), Map(addend), target, ((AddOp)node.Op).Activation));
            return;
        }
        CpuTensor x = Map(node.Inputs[0]);
        switch (node.Op)
        {
            case BatchNormOp op:
                NativeMemoryBlock scale = _model.Packed(op, new WeightForm(WeightLayout.PerChannel), () => PerChannel<T, U>.Pack(op));
                Add(node, new PerChannel<T, U>(name, x, scale, target, op.Activation));
                break;
            case ActivationOp op: Add(node, new PerChannel<T, U>(name, x, null, target, op.Function)); break;
            case GroupNormOp op:
                CpuTensor moments = _memory.Temporary(node);
                Add(node, new RowMoments<T, U>("row moments", x, moments));
                NativeMemoryBlock affine =
                    _model.Packed(op, new WeightForm(WeightLayout.PerChannel), () => GroupNorm<T, U>.Pack(op.Weight, op.Bias));
                Add(node, new GroupNorm<T, U>(name, op, x, moments, affine, target));
                break;
            case ChannelNormOp op:
                NativeMemoryBlock gains =
                    _model.Packed(op, new WeightForm(WeightLayout.PerChannel), () => GroupNorm<T, U>.Pack(op.Weight, op.Bias));
                Add(node, new ChannelNorm<T, U>(name, op, x, gains, target));
                break;
            case AvgPool2dOp op: Add(node, new AvgPool2d<T, U>(name, op, x, target)); break;
            case SoftmaxOp op: Add(node, new Softmax<T, U>(name, op, x, target)); break;
            case MaxPool2dOp op: Add(node, new MaxPool2d<T, U>(name, op, x, target)); break;
            case AdaptiveAvgPool2dOp op: Add(node, new AdaptiveAvgPool2d<T, U>(name, op, x, target)); break;
            case UpsampleBilinearOp op: Add(node, new UpsampleBilinear<T, U, S, V>(name, op, x, target)); break;
            case AddOp op: Add(node, new Elementwise<T, U, Sum<T, U>>(name, x, Map(node.Inputs[1]), target, op.Activation)); break;
            case MulOp op: Add(node, new Elementwise<T, U, Product<T, U>>(name, x, Map(node.Inputs[1]), target, op.Activation)); break;
            case PositionAttentionOp:
                CpuTensor scores = _memory.Temporary(node), bottom = Map(node.Inputs[2]);
                Add(node, new AttentionScores<S, V>("attention scores", x, Map(node.Inputs[1]), scores));
                Add(node, new AttentionExponentials<S, V>("attention exponentials", scores, node.Shape.N, node.Shape.H * node.Shape.W));
                Add(node, new AttentionProduct<T, U>("attention product", scores, bottom, target));
                break;
            default: throw new DeviceException($"the CPU backend has no kernel for {name} at {node.Path}");
        }
    }

    private void AddConvolution(FusedNode fused, Conv2dOp op)
    {
        Tensor node = fused.Node;
        CpuTensor target = Map(node);
        CpuTensor? residual = fused.Addend is Tensor addend ? Map(addend) : null;
        ConvGeometry geometry = ConvGeometry.Of(op, node.Shape);
        ConvSource[] sources = Sources(fused);
        string window = $"{op.R}x{op.S}";
        CpuTensor? sums = fused.Pooling is Tensor pooling ? _memory.Temporary(pooling) : null;
        if (FusionPredicates.IsDepthwise(op))
        {
            NativeMemoryBlock packed = _model.Packed(
                op, new WeightForm(WeightLayout.Depthwise), () => DepthwiseConv<S, V>.Pack(ConvWeights.Of(op)));
            (IRowSource rows, string before) = Rows(fused, sources, geometry);
            Add(node, new DepthwiseConv<S, V>(
                $"{before}depthwise {window}", rows, node.Inputs[0].Shape, geometry, packed, target, sums, op.Activation, _workers.Count));
            if (sums is not null) _parts[node] = node.Shape.H;
        }
        else if (Product(fused) is Conv2dOp product)
        {
            PackedWeights packed = Pack(product, PointwiseConv<S, V>.Blocks(sources), () => ConvWeights.Of(product));
            PointwiseHead<S, V>? head = fused.Producer is null ? null : new(PackSingle(op, () => ConvWeights.Of(op)), op.C, op.Activation);
            CpuTensor? scaled = Scaled(fused, sources, packed);
            var kernel = new PointwiseConv<S, V>(sources, packed, scaled, target, residual, product.Activation, sums, head);
            Add(node, kernel);
            if (sums is not null) _parts[node] = kernel.Parts;
        }
        else if (op.K == 1)
        {
            ConvBlocking rows = ConvBlocking.Choose(geometry, op.C, 1);
            NativeMemoryBlock packed = PackSingle(op, () => ConvWeights.Of(op));
            Add(node, new SingleOutputConv<S, V>($"single output {window}", sources, geometry, packed, rows, new Target(target), residual,
                op.Activation));
        }
        else if (WinogradCost.Best(op, geometry, sources[0]) is int outputs)
        {
            bool three = outputs == Winograd3<S, V>.Outputs;
            if (three) AddWinograd<Winograd3<S, V>>(node, op, WeightLayout.Winograd3, sources, geometry, residual);
            else AddWinograd<Winograd4<S, V>>(node, op, WeightLayout.Winograd4, sources, geometry, residual);
        }
        else
        {
            ConvBlocking blocking = ConvBlocking.Choose(geometry, op.C, 2 * CpuTensor.Lanes);
            PackedWeights packed = Pack(op, blocking.Blocks, () => ConvWeights.Of(op));
            Target? added = residual is CpuTensor map ? new Target(map) : null;
            string groups = op.Groups > 1 ? $"grouped {op.Groups} " : "";
            Add(node, new GatherConv<S, V>($"direct {groups}{window}", sources, geometry, packed, blocking, new Target(target), added,
                op.Activation));
        }
    }

    /// <summary>A copy of weights that is multiplied by the gates before a 1x1 convolution, if there are any.</summary>
    private CpuTensor? Scaled(FusedNode node, ConvSource[] sources, PackedWeights packed)
    {
        if (!node.IsGated) return null;
        CpuTensor scaled = _memory.Temporary(node.Node);
        Add(node.Unstored.First(before => before.Op is MulOp), new ScaledWeights<S, V>(sources, packed, scaled));
        return scaled;
    }

    /// <summary>Where a depthwise convolution's rows come from, and what is computed on the way, for people.</summary>
    private (IRowSource Rows, string Before) Rows(FusedNode node, ConvSource[] sources, ConvGeometry reader)
    {
        if (node.Producer is { Op: Conv2dOp op } producer)
        {
            PackedWeights packed = Pack(op, [op.C], () => ConvWeights.Of(op));
            var convolved = new ConvolvedRows<S, V>(sources, ConvGeometry.Of(op, producer.Shape), packed, op.Activation, reader);
            return (convolved, op.R == 1 ? "expand, " : $"direct {op.R}x{op.S}, ");
        }
        IRowSource[] rows = [.. sources.Select(source => Rows(source, reader))];
        string before = sources.Any(source => source.Upsampled is not null) ? "bilinear, " : "";
        if (rows.Length == 1) return (rows[0], before);
        return (new ConcatenatedRows([.. rows.Zip(sources, (row, source) => (row, source.Map.Shape.C))]), before);
    }

    private static IRowSource Rows(ConvSource source, ConvGeometry reader) => source.Upsampled is { Op: UpsampleBilinearOp op } result
        ? new InterpolatedRows<S, V>(source.Map, op, result.Shape, reader)
        : new CopiedRows(source, reader);

    private void AddWinograd<W>(
        Tensor node, Conv2dOp op, WeightLayout layout, ConvSource[] sources, ConvGeometry geometry, CpuTensor? residual)
        where W : struct, IWinograd<S, V>
    {
        ConvBlocking blocking = WinogradConv<S, V, W>.Blocking(op.C);
        PackedWeights packed = _model.Packed(op, new WeightForm(layout, blocking.Blocks), () =>
            new PackedWeights(ConvWeights.Of(op), S.Width, blocking.Blocks, WinogradWeights.Transform<S, V, W>()));
        Add(node, new WinogradConv<S, V, W>(sources, geometry, packed, blocking, Map(node), residual, op.Activation, _workers.Count));
    }

    /// <summary>
    /// A transposed convolution with stride s is s x s plain ones: the output pixels of each phase see every s-th tap, reversed.
    /// </summary>
    private void AddTransposed(FusedNode fused, ConvTranspose2dOp op)
    {
        Tensor node = fused.Node;
        ConvSource[] sources = Sources(fused);
        for (int phase = 0; phase < op.Stride * op.Stride; phase++)
        {
            var rows = TransposedPhase.Of(phase / op.Stride, op.R, op.Stride, op.Padding, node.Shape.H);
            var columns = TransposedPhase.Of(phase % op.Stride, op.S, op.Stride, op.Padding, node.Shape.W);
            if (rows.Outputs == 0 || columns.Outputs == 0) continue;
            var geometry = new ConvGeometry(rows.Taps, columns.Taps, 1, 1, rows.Padding, columns.Padding, rows.Outputs, columns.Outputs);
            ConvBlocking blocking = ConvBlocking.Choose(geometry, op.C, 2 * CpuTensor.Lanes);
            var target = new Target(Map(node), op.Stride, rows.First, columns.First);
            string name = $"transposed {op.R}x{op.S} phase {phase}";
            ConvWeights Weights() => TransposedPhase.Weights(op, rows, columns);
            if (op.K == 1)
            {
                NativeMemoryBlock packed = PackSingle(op, Weights, phase);
                Add(node, new SingleOutputConv<S, V>(name, sources, geometry, packed, blocking, target, null, op.Activation));
            }
            else
            {
                PackedWeights packed = Pack(op, blocking.Blocks, Weights, phase);
                Add(node, new GatherConv<S, V>(name, sources, geometry, packed, blocking, target, null, op.Activation));
            }
        }
    }

    private PackedWeights Pack(Op op, IReadOnlyList<int> blocks, Func<ConvWeights> weights, int phase = 0)
    {
        var form = new WeightForm(WeightLayout.Panels, blocks) { Phase = phase };
        return _model.Packed(op, form, () => new PackedWeights(weights(), S.Width, blocks));
    }

    private NativeMemoryBlock PackSingle(Op op, Func<ConvWeights> weights, int phase = 0)
    {
        var form = new WeightForm(WeightLayout.SingleOutput) { Phase = phase };
        return _model.Packed(op, form, () => SingleOutputRow<S, V>.Pack(weights()));
    }

    private void Add(Tensor node, Kernel kernel)
    {
        _steps.Add((node, kernel));
        _warmup?.Add(kernel);
    }
}
