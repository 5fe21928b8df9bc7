using System.Diagnostics;
using System.Runtime.Intrinsics;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>Maps the integer nodes of a fusion plan to kernels, and binds these to memory and weights.</summary>
internal abstract class Int8Builder
{
    /// <summary>The builder for a path. Kernels are handed over to be run in the order in which they come.</summary>
    public static Int8Builder Of(IntegerPath path, CpuModel model, PlanMemory memory, int threads, Action<Tensor, Kernel> add) =>
        path switch
        {
            IntegerPath.Avx512Vnni or IntegerPath.Avx512 when InstructionSets.HasAvx512 =>
                new Int8Builder<Dot512, Vector512<int>>(path, model, memory, threads, add),
            IntegerPath.AvxVnni when IntegerPaths.HasAvxVnni =>
                new Int8Builder<Dot256<VnniProducts>, Vector256<int>>(path, model, memory, threads, add),
            IntegerPath.Avx2 when InstructionSets.HasAvx2 =>
                new Int8Builder<Dot256<PairProducts>, Vector256<int>>(path, model, memory, threads, add),
            _ when InstructionSets.HasVector128 =>
                new Int8Builder<Dot128<PlainProducts128>, Vector128<int>>(path, model, memory, threads, add),
            _ => throw new UnreachableException(),
        };

    /// <summary>Whether a node is one of these.</summary>
    public static bool Takes(Tensor node) => node.IsInteger || node.Op is QuantizeOp or DequantizeOp;

    /// <summary>Adds a node's kernels.</summary>
    public abstract void Add(FusedNode node);
}

/// <summary>The builder for vectors of one kind.</summary>
internal sealed unsafe class Int8Builder<D, W>(
    IntegerPath path, CpuModel model, PlanMemory memory, int threads, Action<Tensor, Kernel> add)
    : Int8Builder where D : struct, IDot<W> where W : struct
{
    private bool IsMachineCode => path == IntegerPath.Avx512Vnni;

    public override void Add(FusedNode fused)
    {
        Tensor node = fused.Node;
        string name = $"int8 {node.Op.Name}";
        switch (node.Op)
        {
            case Conv2dOp op: AddConvolution(fused, op); break;
            case ConvTranspose2dOp op: AddTransposed(fused, op); break;
            case QuantizeOp:
                add(node, new QuantizeRows<D, W>(node.Op.Name, memory[node.Inputs[0]], Bytes(node), Stored(node)));
                break;
            case DequantizeOp:
                Tensor bytes = node.Inputs[0];
                add(node, new DequantizeRows<D, W>(node.Op.Name, Bytes(bytes), Stored(bytes), memory[node]));
                break;
            case ConcatOp:
                add(node, new ByteConcat(name, [.. node.Inputs.Select(input => new ByteSource(Bytes(input)))], Bytes(node)));
                break;
            case UpsampleNearestOp op: add(node, new ByteConcat(name, [new ByteSource(X(node), op.Scale)], Bytes(node))); break;
            case SliceOp op: add(node, new ByteSlice(name, op.Start, X(node), Bytes(node))); break;
            case MaxPool2dOp op: add(node, new ByteMaxPool(name, op, X(node), Bytes(node))); break;
            case UpsampleBilinearOp op: add(node, new ByteBilinear<D, W>(name, op, X(node), Bytes(node), Stored(node))); break;
            case ActivationOp op:
                add(node, new ByteLookup(name, X(node), IntegerArithmetic.Table(op.Function, XStored(node), Stored(node)), Bytes(node)));
                break;
            case AvgPool2dOp op: AddAverage(node, name, op.Window.Pixels, op.Window.Pixels, op.Divisor); break;
            case AdaptiveAvgPool2dOp op: AddAverage(node, name, op.Bin, op.Bin, op.Count); break;
            case AddOp or MulOp:
                Tensor b = node.Inputs[1];
                add(node, new ByteBinary<D, W>(
                    name, (ActivatedOp)node.Op, (X(node), XStored(node)), (Bytes(b), Stored(b)), Bytes(node), Stored(node)));
                break;
            default: throw new DeviceException($"the CPU backend has no integer kernel for {node.Op.Name} at {node.Path}");
        }
    }

    private static Quantization Stored(Tensor tensor) =>
        tensor.Quantization ?? throw new DeviceException($"{tensor.Path} ({tensor.Op.Name}) is not stored as bytes");

    private static Quantization XStored(Tensor node) => Stored(node.Inputs[0]);

    private ByteTensor Bytes(Tensor tensor) => memory.Bytes(tensor);

    private ByteTensor X(Tensor node) => Bytes(node.Inputs[0]);

    private void AddAverage(
        Tensor node, string name, Func<int, int, (int Start, int End)> rows, Func<int, int, (int Start, int End)> columns,
        Func<int, int, int, int, int> divisor) =>
        add(node, new ByteAverage<D, W>(name, X(node), XStored(node), Bytes(node), Stored(node), rows, columns, divisor));

    private void AddConvolution(FusedNode fused, Conv2dOp op)
    {
        Tensor node = fused.Node;
        if (FusionPredicates.IsDepthwise(op) && node.Quantization is not null)
        {
            AddDepthwise(fused, op);
            return;
        }
        // The convolution whose pixels the node's head takes, or the node itself.
        Tensor product = fused.Producer ?? node;
        var first = (Conv2dOp)product.Op;
        ConvGeometry geometry = ConvGeometry.Of(first, product.Shape);
        ByteSource[] sources = Sources(fused);
        int images = node.Shape.N;
        string groups = first.Groups > 1 ? $"grouped {first.Groups} " : "";
        bool pointwise = FusionPredicates.IsPointwise(first) || (first is { R: 1, S: 1, Stride: 1 } && first.Padding == default);
        if (pointwise && sources is [{ Repeat: 1 }])
        {
            // All pixels of an image are one row.
            geometry = geometry with { OutputWidth = geometry.OutputWidth * geometry.OutputHeight, OutputHeight = 1 };
            ByteTensor map = sources[0].Map;
            Shape row = map.Shape with { H = 1, W = map.Shape.H * map.Shape.W };
            sources = [new ByteSource(new ByteTensor(map.Data, row, map.IsCompact))];
        }
        string name = $"int8 {(pointwise ? "pointwise" : $"direct {groups}{first.R}x{first.S}")}";
        int rowsPerUnit = Int8Conv<D, W>.RowsPerUnit(geometry, first.C);
        if (product == node)
        {
            add(node, new Int8Conv<D, W>(name, images, Tiles(node, fused.Addend, sources, geometry, rowsPerUnit)));
            return;
        }
        var pixels = new ByteTensor(null, new Shape(1, op.C, geometry.OutputHeight, geometry.OutputWidth));
        Int8Tiles<D, W> head = Tiles(node, null, [new ByteSource(pixels)], geometry, 1);
        add(node, new Int8Conv<D, W>($"{name}, head", images, Unstored(product, sources, geometry), head));
    }

    private void AddTransposed(FusedNode fused, ConvTranspose2dOp op)
    {
        Tensor node = fused.Node;
        ByteSource[] sources = Sources(fused);
        for (int phase = 0; phase < op.Stride * op.Stride; phase++)
        {
            var rows = TransposedPhase.Of(phase / op.Stride, op.R, op.Stride, op.Padding, node.Shape.H);
            var columns = TransposedPhase.Of(phase % op.Stride, op.S, op.Stride, op.Padding, node.Shape.W);
            if (rows.Outputs == 0 || columns.Outputs == 0) continue;
            var geometry = new ConvGeometry(rows.Taps, columns.Taps, 1, 1, rows.Padding, columns.Padding, rows.Outputs, columns.Outputs);
            ConvWeights Weights() => TransposedPhase.Weights(op, rows, columns);
            Int8Weights packed = Pack(op, phase, Weights);
            var constants = new Constants(op.WeightScale!, op.Bias, XStored(node), Weights, packed.IsBacked);
            Int8Output<D, W> output = Output(node, null, op, packed, constants, op.Stride, rows.First, columns.First);
            int rowsPerUnit = Int8Conv<D, W>.RowsPerUnit(geometry, op.C);
            add(node, new Int8Conv<D, W>(
                $"int8 transposed {op.R}x{op.S} phase {phase}", node.Shape.N,
                Tiles(node, sources, geometry, rowsPerUnit, packed, constants, output)));
        }
    }

    // Blocks of channels as wide as vectors allow, and narrower ones for what is left.
    private void AddDepthwise(FusedNode fused, Conv2dOp op)
    {
        Tensor node = fused.Node;
        Quantization stored = Stored(node);
        int[] widths = [.. ((int[])[16, 8, 4]).Where(width => width <= D.Width)];
        Int8DepthwiseWeights packed = model.Packed(
            op, new WeightForm(WeightLayout.Int8Depthwise), () => new Int8DepthwiseWeights(ConvWeights.Of(op), widths));
        var constants = new Constants(op.WeightScale!, op.Bias, XStored(node), () => ConvWeights.Of(op), packed.IsBacked);
        int[] bias = constants.Bias(packed.Spread<int>);
        if (Dot128<PlainProducts128>.IsCorrected) packed.Correct(bias, Dot128<PlainProducts128>.Width);
        float[] multipliers = constants.Multipliers(IntegerArithmetic.Rounded(op, stored).Scale, packed.Spread<float>);
        var task = new DepthwiseTask(
            node.Inputs[0].Shape, XStored(node).Zero, ConvGeometry.Of(op, node.Shape), packed, new AlignedValues<int>(bias),
            new AlignedValues<float>(multipliers), Bytes(node));
        DepthwiseRunner[] runners = [.. widths.Select(Runner)];
        string name = $"depthwise {op.R}x{op.S}";
        if (fused is { Producer: null, Sources: [{ Repeat: 1, Upsampled: null } source] })
        {
            add(node, new Int8Depthwise($"int8 {name}", task, runners, Bytes(source.Tensor)));
            return;
        }
        (IByteRowSource rows, string before) = Rows(fused);
        add(node, new Int8Depthwise($"int8 {before}{name}", task, runners, rows, threads));

        DepthwiseRunner Runner(int width) => (width, path) switch
        {
            (8, IntegerPath.AvxVnni or IntegerPath.Avx512Vnni) when IntegerPaths.HasAvxVnni =>
                Of<Dot256<VnniProducts>, Vector256<int>>(),
            (4, IntegerPath.AvxVnni or IntegerPath.Avx512Vnni) when IntegerPaths.HasAvxVnni =>
                Of<Dot128<VnniProducts128>, Vector128<int>>(),
            (8, _) => Of<Dot256<PairProducts>, Vector256<int>>(),
            (4, _) => Of<Dot128<PlainProducts128>, Vector128<int>>(),
            _ => Of<D, W>(),
        };

        DepthwiseRunner<B, U> Of<B, U>() where B : struct, IDot<U> where U : struct => new(task, new Int8Rounding<B, U>(op, stored));
    }

    /// <summary>Where a depthwise convolution's rows come from, and what is computed on the way, for people.</summary>
    private (IByteRowSource Rows, string Before) Rows(FusedNode fused)
    {
        if (fused.Producer is { Op: Conv2dOp op } producer)
        {
            Int8Tiles<D, W> tiles = Unstored(producer, Sources(fused), ConvGeometry.Of(op, producer.Shape));
            return (new ConvolvedByteRows<D, W>(tiles), op.R == 1 ? "expand, " : $"direct {op.R}x{op.S}, ");
        }
        IByteRowSource[] rows = [.. fused.Sources.Select(Rows)];
        string before = fused.Sources.Any(source => source.Upsampled is not null) ? "bilinear, " : "";
        if (rows.Length == 1) return (rows[0], before);
        return (new ConcatenatedByteRows([.. rows.Zip(fused.Sources, (row, source) => (row, source.Tensor.Shape.C))]), before);
    }

    private IByteRowSource Rows(FusedSource source) => source.Upsampled is { Op: UpsampleBilinearOp op } result
        ? new BilinearByteRows<D, W>(op, Bytes(source.Tensor), result.Shape)
        : new CopiedByteRows(new ByteSource(Bytes(source.Tensor), source.Repeat));

    private ByteSource[] Sources(FusedNode fused) =>
        [.. fused.Sources.Select(source => new ByteSource(Bytes(source.Tensor), source.Repeat))];

    /// <summary>A plain convolution whose result is stored.</summary>
    private Int8Tiles<D, W> Tiles(Tensor node, Tensor? addend, ByteSource[] sources, ConvGeometry geometry, int rowsPerUnit)
    {
        var op = (Conv2dOp)node.Op;
        (Int8Weights packed, Constants constants) = Weights(node, op);
        return Tiles(node, sources, geometry, rowsPerUnit, packed, constants, Output(node, addend, op, packed, constants, 1, 0, 0));
    }

    /// <summary>One whose result is never stored: whoever reads it has it computed when it wants it, row by row.</summary>
    private Int8Tiles<D, W> Unstored(Tensor node, ByteSource[] sources, ConvGeometry geometry)
    {
        var op = (Conv2dOp)node.Op;
        (Int8Weights packed, Constants constants) = Weights(node, op);
        var rounding = new Int8Rounding<D, W>(op, Stored(node));
        float[] multipliers = constants.Multipliers(rounding.Rounded.Scale, packed.Spread<float>);
        return Tiles(
            node, sources, geometry, 1, packed, constants, new ByteOutput<D, W>(multipliers, rounding, default, null, default));
    }

    private Int8Tiles<D, W> Tiles(
        Tensor node, ByteSource[] sources, ConvGeometry geometry, int rowsPerUnit, Int8Weights packed, Constants constants,
        Int8Output<D, W> output)
    {
        var rows = new ByteRows(sources, geometry, rowsPerUnit, XStored(node).Zero);
        return new Int8Tiles<D, W>(geometry, rows, packed, constants.Bias(packed.Spread<int>), output, IsMachineCode);
    }

    private (Int8Weights Packed, Constants Constants) Weights(Tensor node, Conv2dOp op)
    {
        Int8Weights packed = Pack(op, 0, () => ConvWeights.Of(op));
        return (packed, new Constants(op.WeightScale!, op.Bias, XStored(node), () => ConvWeights.Of(op), packed.IsBacked));
    }

    private Int8Weights Pack(Op op, int phase, Func<ConvWeights> weights) => model.Packed(
        op, new WeightForm(WeightLayout.Int8Panels) { Phase = phase }, () => new Int8Weights(weights(), D.Width));

    private Int8Output<D, W> Output(
        Tensor node, Tensor? addend, ActivatedOp op, Int8Weights packed, Constants constants, int step, int firstRow, int firstColumn)
    {
        if (node.Quantization is not Quantization stored)
        {
            return new FloatOutput<D, W>(
                constants.Multipliers(1, packed.Spread<float>), memory[node], new Target(memory[node], step, firstRow, firstColumn),
                op.Activation);
        }
        var rounding = new Int8Rounding<D, W>(op, stored);
        ByteTarget? residual = addend is null ? null : new ByteTarget(Bytes(addend));
        return new ByteOutput<D, W>(
            constants.Multipliers(rounding.Rounded.Scale, packed.Spread<float>), rounding,
            new ByteTarget(Bytes(node), step, firstRow, firstColumn), residual, addend?.Quantization ?? default);
    }

    /// <summary>What sums start from, and what they are multiplied by, by output channel.</summary>
    private sealed class Constants
    {
        private readonly Quantization _x;
        private readonly float[] _scales;
        private readonly int[] _bias;

        public Constants(Parameter scales, Parameter? bias, Quantization x, Func<ConvWeights> weights, bool isBacked)
        {
            _x = x;
            // Where memory is only measured nothing is computed either.
            _scales = isBacked ? scales.Read() : new float[scales.Count];
            _bias = isBacked ? IntegerArithmetic.Biases(x, _scales, bias?.Read()) : new int[scales.Count];
            if (!isBacked || x.Zero == 0) return;
            // A pixel is its byte less the zero point, and padding is the zero point itself: the same for all pixels.
            ConvWeights read = weights();
            int perOutput = read.Values.Length / read.K;
            for (int k = 0; k < read.K; k++)
            {
                int sum = 0;
                for (int i = 0; i < perOutput; i++) sum += (int)read.Values[(k * perOutput) + i];
                _bias[k] -= x.Zero * sum;
            }
        }

        public delegate T[] Spread<T>(ReadOnlySpan<T> values);

        public int[] Bias(Spread<int> spread) => spread(_bias);

        public float[] Multipliers(double resultScale, Spread<float> spread) =>
            spread(IntegerArithmetic.Multipliers(_x, _scales, resultScale));
    }
}
