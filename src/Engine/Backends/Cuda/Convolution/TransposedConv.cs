using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;


namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>A transposed convolution as plain ones, a phase of the output pixels for each.</summary>
internal static class TransposedConv
{
    public static CudaOp Choose(Tensor node, ConvTranspose2dOp op, PrecisionKernels kernels) =>
        (CudaOp?)TiledConv.TryOf(node, op, kernels) ?? new DirectConv(node, op, [.. Parts(node, op)], null, kernels);

    /// <summary>Weights of the phases in the order of their first output pixels: (0, 0), (0, 1), (1, 0), (1, 1).</summary>
    public static IReadOnlyList<ConvWeights> Phases(ConvTranspose2dOp op, Shape output) =>
        [.. Sorted(op, output).Select(phase => TransposedPhase.Weights(op, phase.Rows, phase.Columns))];

    private static IEnumerable<DirectConv.Part> Parts(Tensor node, ConvTranspose2dOp op) =>
        from phase in Sorted(op, node.Shape)
        where phase.Rows.Outputs > 0 && phase.Columns.Outputs > 0
        select new DirectConv.Part(
            new Window(phase.Rows.Taps, phase.Columns.Taps, 1, 1, phase.Rows.Padding, phase.Columns.Padding),
            new ConvRaster(phase.Rows.Outputs, phase.Columns.Outputs, phase.Rows.First, phase.Columns.First, op.Stride),
            1,
            () => TransposedPhase.Weights(op, phase.Rows, phase.Columns));

    private static IEnumerable<(TransposedPhase Rows, TransposedPhase Columns)> Sorted(ConvTranspose2dOp op, Shape output) =>
        from rows in Axis(op.R, op.Stride, op.Padding, output.H).OrderBy(axis => axis.First)
        from columns in Axis(op.S, op.Stride, op.Padding, output.W).OrderBy(axis => axis.First)
        select (rows, columns);

    private static IEnumerable<TransposedPhase> Axis(int kernel, int stride, int padding, int size) =>
        Enumerable.Range(0, stride).Select(phase => TransposedPhase.Of(phase, kernel, stride, padding, size));
}
