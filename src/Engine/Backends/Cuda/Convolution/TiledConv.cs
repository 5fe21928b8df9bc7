using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// A convolution as an implicit matrix product over tiles of output pixels and filters, its reduction split among blocks where the map is
/// small. Four phases are four convolutions of one window each, of which every other output pixel is made.
/// </summary>
internal sealed class TiledConv : Routine
{
    // The matrix kernels read weights in lines of 128 bytes.
    private const int LineBytes = 128;
    private readonly ActivatedOp _op;
    private readonly ConvInput _input;
    private readonly Tensor? _residual;
    private readonly ConvWindow _window;
    private readonly ConvRaster _raster;
    private readonly Func<IReadOnlyList<ConvWeights>> _phases;
    private readonly TileChoice _choice;
    private readonly KernelInfo? _reduce;
    private readonly PrecisionKernels _kernels;

    private TiledConv(
        Tensor node, ActivatedOp op, ConvInput input, Tensor? residual, ConvWindow window, ConvRaster raster,
        Func<IReadOnlyList<ConvWeights>> phases, TileChoice choice, PrecisionKernels kernels) : base(node)
    {
        (_op, _input, _residual, _window, _raster, _phases, _choice, _kernels) = (op, input, residual, window, raster, phases, choice, kernels);
        _reduce = choice.Splits > 1 ? kernels.One("conv_reduce", node) : null;
    }

    public override IEnumerable<Tensor> Reads => ((Tensor?[])[_input.Source, _input.Gate, _residual]).OfType<Tensor>();

    public override IEnumerable<Tensor> Absorbed => _input.Source == Node.Inputs[0] ? [] : [Node.Inputs[0]];

    public override long TemporaryBytes => _choice.Splits > 1 ? _choice.Splits * Node.Shape.N * PartialFloatsOfPicture * sizeof(float) : 0;

    private long PartialFloatsOfPicture => (long)Node.Shape.H * Node.Shape.W * PartialStride;

    private int PartialStride => (Node.Shape.C + CudaMap.Lanes - 1) / CudaMap.Lanes * CudaMap.Lanes;

    /// <summary>The convolution with the best kernel; null where it must be computed otherwise.</summary>
    public static TiledConv? TryOf(Tensor node, Conv2dOp op, ConvInput input, PrecisionKernels kernels)
    {
        if (op.K == 1 || op.C == 1) return null;
        Tensor? residual = op.Residual ? node.Inputs[1] : null;
        return input.Upsampled
            ? TryOf(node, op, input, residual, 1, UpsampledConv.Window, PhaseRaster(input.Source), 4, () => UpsampledConv.Phases(op), kernels)
            : TryOf(node, op, input, residual, op.Groups, ConvWindow.Of(op), ConvRaster.Of(node.Shape), 1, () => [ConvWeights.Of(op)], kernels);
    }

    /// <summary>A transposed convolution that doubles the picture, as four phases; null for any other.</summary>
    public static TiledConv? TryOf(Tensor node, ConvTranspose2dOp op, PrecisionKernels kernels)
    {
        if (op is not { R: 4, S: 4, Stride: 2, Padding: 1, K: > 1, C: > 1 }) return null;
        var input = new ConvInput(node.Inputs[0]);
        return TryOf(node, op, input, null, 1, UpsampledConv.Window, PhaseRaster(input.Source), 4, () => TransposedConv.Phases(op, node.Shape), kernels);
    }

    /// <summary>Whether a convolution can multiply its input's channels on the way in.</summary>
    public static bool TakesGate(Conv2dOp op, PrecisionKernels kernels) => op is { R: 1, S: 1, Stride: 1, Groups: 1, K: > 1, C: > 1 } && op.Padding == default && kernels.TiledConvolutions.Any(kernel => kernel.Gate);

    /// <summary>Whether a convolution can read the source of an upsampling in the upsampling's stead.</summary>
    public static bool TakesUpsampled(Conv2dOp op, UpsampleNearestOp upsample, PrecisionKernels kernels) =>
        UpsampledConv.Takes(op, upsample) && kernels.TiledConvolutions.Any();

    public override void Bind(Binder binder)
    {
        CudaMap source = binder[_input.Source], output = binder[Node];
        (KernelInfo kernel, TileWeights weights, TileProblem problem, int splits) = _choice;
        long bias = (long)binder.Weights(_op, "bias", CudaMap.Padded(Node.Shape.C), () => DirectConv.Bias(_phases()[0]));
        (ulong packed, int phaseElements) = Weights(binder);
        var parameters = new ConvParameters
        {
            Input = source,
            Output = output,
            Weights = (long)packed,
            Bias = bias,
            Batch = output.Shape.N,
            Groups = weights.Groups,
            Channels = weights.Channels,
            Filters = weights.Filters,
            R = _window.R,
            S = _window.S,
            Stride = _window.Stride,
            Dilation = _window.Dilation,
            PadTop = _window.PadTop,
            PadLeft = _window.PadLeft,
            Rows = _raster.Rows,
            Columns = _raster.Columns,
            FirstRow = _raster.FirstRow,
            FirstColumn = _raster.FirstColumn,
            Step = _raster.Step,
            Phases = problem.Phases,
            PhaseWeights = phaseElements,
            Steps = _choice.Steps,
            Splits = splits,
            StepsPerSplit = (_choice.Steps + splits - 1) / splits,
            ChannelsReciprocal = Reciprocal.Of(weights.Channels),
            SReciprocal = Reciprocal.OfSmall(_window.S),
            Activation = (int)_op.Activation,
        };
        if (_residual is not null) parameters.Residual = binder[_residual];
        if (_input.Gate is not null)
        {
            CudaMap gate = binder[_input.Gate];
            (parameters.Gate, parameters.GateStride) = ((long)gate.Address, gate.PixelStride);
        }
        if (_reduce is not null) (parameters.Partial, parameters.PartialStride) = ((long)binder.Temporary(Node), PartialStride);

        long pixels = (long)_raster.Rows * _raster.Columns;
        binder.Launch(Node, kernel, new Grid(
            (long)weights.Groups * ((weights.Filters + kernel.TileN - 1) / kernel.TileN),
            (pixels + kernel.TileM - 1) / kernel.TileM,
            (long)output.Shape.N * problem.Phases * splits), parameters);
        if (_reduce is null) return;
        binder.LaunchItems(Node, _reduce, output.Items, new ConvReduceParameters
        {
            Output = output,
            Residual = parameters.Residual,
            Partial = parameters.Partial,
            Bias = bias,
            PartialStride = PartialStride,
            Splits = splits,
            Batch = output.Shape.N,
            Activation = (int)_op.Activation,
        });
    }

    private static TiledConv? TryOf(
        Tensor node, ActivatedOp op, ConvInput input, Tensor? residual, int groups, ConvWindow window, ConvRaster raster, int phaseCount,
        Func<IReadOnlyList<ConvWeights>> phases, PrecisionKernels kernels)
    {
        Shape source = input.Source.Shape;
        var problem = new TileProblem(raster.Rows, raster.Columns, phaseCount, CudaMap.Elements(source) / source.N);
        TileChoice? choice = TileSelection.Choose(
            kernels.TiledConvolutions, groups, source.C, node.Shape.C, window, problem, source.N, input.Gate is not null, kernels.Device, kernels.ElementBytes);
        return choice is { } chosen ? new TiledConv(node, op, input, residual, window, raster, phases, chosen, kernels) : null;
    }

    private static ConvRaster PhaseRaster(Tensor source) => new(source.Shape.H, source.Shape.W, Step: 2);

    // SIMT kernels read rows of filters, matrix kernels lines along the reduction.
    private (ulong Address, int PhaseElements) Weights(Binder binder)
    {
        (KernelInfo kernel, TileWeights weights, TileProblem problem, _) = _choice;
        string form = $"{(_input.Upsampled ? "upsampled " : "")}{weights.Groups} groups";
        if (_kernels.Precision == Precision.Float32)
        {
            int elements = weights.ElementsByReduction(kernel.TileK);
            ulong address = binder.Weights(
                _op, $"{form}, by {kernel.TileK}", (long)elements * problem.Phases, () => weights.PackByReduction(_phases(), kernel.TileK));
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
