using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// A convolution as an implicit matrix product over tiles of output pixels and filters, its reduction split among blocks where the map is
/// small. Four phases are four convolutions of one window each, of which every other output pixel is made.
/// </summary>
internal sealed class TiledConv : CudaOp
{
    // The matrix kernels read weights in lines of 128 bytes.
    private const int LineBytes = 128;
    private readonly ActivatedOp _op;
    private readonly ConvInput _input;
    private readonly Tensor? _residual;
    private readonly Func<IReadOnlyList<ConvWeights>> _phases;
    private readonly TileChoice _choice;
    private readonly KernelInfo? _reduce;
    private readonly ConvParameters _sizes;
    private readonly PrecisionKernels _kernels;

    private TiledConv(
        Tensor node, ActivatedOp op, ConvInput input, Tensor? residual, Window window, ConvRaster raster,
        Func<IReadOnlyList<ConvWeights>> phases, TileChoice choice, PrecisionKernels kernels) : base(node)
    {
        (_op, _input, _residual, _phases, _choice, _kernels) = (op, input, residual, phases, choice, kernels);
        _reduce = choice.Splits > 1 ? kernels.One(KernelFamily.ConvReduce, node) : null;
        (_, TileWeights weights, TileProblem problem, int splits) = choice;
        _sizes = new ConvParameters
        {
            Output = new CudaMap(0, node.Shape),
            PartialStride = CudaMap.Padded(node.Shape.C),
            Batch = node.Shape.N,
            Groups = weights.Groups,
            Channels = weights.Channels,
            Filters = weights.Filters,
            Window = window,
            Rows = raster.Rows,
            Columns = raster.Columns,
            FirstRow = raster.FirstRow,
            FirstColumn = raster.FirstColumn,
            Step = raster.Step,
            Phases = problem.Phases,
            Steps = choice.Steps,
            Splits = splits,
            StepsPerSplit = (choice.Steps + splits - 1) / splits,
            ChannelsReciprocal = Reciprocal.Of(weights.Channels),
            SReciprocal = Reciprocal.OfSmall(window.S),
            Activation = op.Activation,
        };
    }

    public override IReadOnlyList<long> Workspaces => _reduce is null ? [] : [_sizes.PartialFloats * sizeof(float)];

    /// <summary>The convolution with the best kernel; null where it must be computed otherwise.</summary>
    public static TiledConv? TryOf(Tensor node, Conv2dOp op, ConvInput input, PrecisionKernels kernels)
    {
        if (op.K == 1 || op.C == 1) return null;
        Tensor? residual = op.Residual ? node.Inputs[1] : null;
        return input.Upsampled
            ? TryOf(node, op, input, residual, 1, UpsampledConv.Window, PhaseRaster(input.Source), 4, () => UpsampledConv.Phases(op),
                kernels)
            : TryOf(node, op, input, residual, op.Groups, Windows.Of(op), ConvRaster.Of(node.Shape), 1, () => [ConvWeights.Of(op)],
                kernels);
    }

    /// <summary>A transposed convolution that doubles the image, as four phases; null for any other.</summary>
    public static TiledConv? TryOf(Tensor node, ConvTranspose2dOp op, PrecisionKernels kernels)
    {
        if (op is not { R: 4, S: 4, Stride: 2, Padding: 1, K: > 1, C: > 1 }) return null;
        var input = new ConvInput(node.Inputs[0]);
        return TryOf(node, op, input, null, 1, UpsampledConv.Window, PhaseRaster(input.Source), 4,
            () => TransposedConv.Phases(op, node.Shape), kernels);
    }

    public override void Bind(Binder binder)
    {
        CudaMap output = binder[Node];
        KernelInfo kernel = _choice.Kernel;
        (ulong packed, int phaseElements) = Weights(binder);
        ConvParameters parameters = _sizes with
        {
            Input = binder[_input.Source],
            Output = output,
            Residual = _residual is null ? default(DeviceMap) : binder[_residual],
            Weights = (long)packed,
            Bias = (long)binder.Weights(_op, WeightLayout.Bias, CudaMap.Padded(Node.Shape.C), () => DirectConv.Bias(_phases()[0])),
            Partial = _reduce is null ? 0 : binder.Workspace(Node),
            PhaseWeights = phaseElements,
        };
        if (_input.Gate is not null)
        {
            CudaMap gate = binder[_input.Gate];
            (parameters.Gate, parameters.GateStride) = ((long)gate.Address, gate.PixelStride);
        }
        binder.Launch(Node, kernel, parameters.Grid(kernel.TileM, kernel.TileN), parameters);
        if (_reduce is null) return;
        binder.LaunchItems(Node, _reduce, output.Items, new ConvReduceParameters
        {
            Output = output,
            Residual = parameters.Residual,
            Partial = parameters.Partial,
            Bias = parameters.Bias,
            PartialStride = parameters.PartialStride,
            Splits = parameters.Splits,
            Batch = parameters.Batch,
            Activation = parameters.Activation,
        });
    }

    private static TiledConv? TryOf(
        Tensor node, ActivatedOp op, ConvInput input, Tensor? residual, int groups, Window window, ConvRaster raster, int phaseCount,
        Func<IReadOnlyList<ConvWeights>> phases, PrecisionKernels kernels)
    {
        Shape source = input.Source.Shape;
        var problem = new TileProblem(raster.Rows, raster.Columns, phaseCount, CudaMap.Elements(source) / source.N);
        TileChoice? choice = TileSelection.Choose(kernels, groups, source.C, node.Shape.C, window, problem, source.N,
            input.Gate is not null);
        return choice is { } chosen ? new TiledConv(node, op, input, residual, window, raster, phases, chosen, kernels) : null;
    }

    private static ConvRaster PhaseRaster(Tensor source) => new(source.Shape.H, source.Shape.W, Step: 2);

    // SIMT kernels read rows of filters, matrix kernels lines along the reduction.
    private (ulong Address, int PhaseElements) Weights(Binder binder)
    {
        (KernelInfo kernel, TileWeights weights, TileProblem problem, _) = _choice;
        var form = new WeightForm(WeightLayout.TilesByFilter) { Groups = weights.Groups, Upsampled = _input.Upsampled };
        if (_kernels.Precision == Precision.Float32)
        {
            int elements = weights.ElementsByReduction(kernel.TileK);
            ulong address = binder.Weights(
                _op, form with { Layout = WeightLayout.TilesByReduction, TileDepth = kernel.TileK }, (long)elements * problem.Phases,
                () => weights.PackByReduction(_phases(), kernel.TileK));
            return (address, elements);
        }
        int line = LineBytes / _kernels.ElementBytes, size = weights.ElementsByFilter(line);
        ulong lines = binder.StoredWeights(_op, form, (long)size * problem.Phases, () =>
        {
            float[] packed = weights.PackByFilter(_phases(), line);
            return _kernels.Precision == Precision.TensorFloat32 ? Array.ConvertAll(packed, TileWeights.RoundToTensorFloat) : packed;
        });
        return (lines, size);
    }
}
