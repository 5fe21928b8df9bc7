using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// Any convolution, a result for each thread: for what no faster kernel takes, such as one channel in or out, or odd groups. Each
/// part is one launch with its own weights, so that a transposed convolution is one for each phase.
/// </summary>
internal sealed class DirectConv(Tensor node, ActivatedOp op, IReadOnlyList<DirectConv.Part> parts, Tensor? residual,
    PrecisionKernels kernels) : CudaOp(node)
{
    private readonly KernelInfo _kernel = kernels.One(KernelFamily.ConvDirect, node);

    /// <summary>A launch: its loops, its output pixels, and its weights as [K, C/groups, R, S].</summary>
    internal sealed record Part(Window Window, ConvRaster Raster, int Groups, Func<ConvWeights> Weights);

    public static DirectConv Of(Tensor node, Conv2dOp op, PrecisionKernels kernels) => new(
        node, op, [new Part(Windows.Of(op), ConvRaster.Of(node.Shape), op.Groups, () => ConvWeights.Of(op))],
        op.Residual ? node.Inputs[1] : null, kernels);

    public override void Bind(Binder binder)
    {
        CudaMap input = binder[Node.Inputs[0]], output = binder[Node];
        for (int i = 0; i < parts.Count; i++)
        {
            Part part = parts[i];
            (Window window, ConvRaster raster) = (part.Window, part.Raster);
            int channels = input.Shape.C / part.Groups, filters = output.Shape.C / part.Groups;
            long count = (long)window.R * window.S * channels * output.Shape.C;
            var parameters = new DirectConvParameters
            {
                Output = output,
                Input = input,
                Weights = (long)binder.Weights(
                    op, new WeightForm(WeightLayout.Direct) { Part = i }, count, () => Pack(part.Weights())),
                Bias = (long)binder.Weights(op, WeightLayout.Bias, CudaMap.Padded(output.Shape.C), () => Bias(part.Weights())),
                Batch = input.Shape.N,
                Channels = channels,
                Filters = filters,
                Window = window,
                Rows = raster.Rows,
                Columns = raster.Columns,
                FirstRow = raster.FirstRow,
                FirstColumn = raster.FirstColumn,
                Step = raster.Step,
                Activation = op.Activation,
            };
            if (residual is not null) parameters.Residual = binder[residual];
            binder.LaunchItems(Node, _kernel, (long)raster.Rows * raster.Columns * CudaMap.Padded(output.Shape.C), parameters);
        }
    }

    /// <summary>A bias for each filter, zeros behind; all zero where there is none.</summary>
    public static float[] Bias(ConvWeights weights) => ChannelPadding.Pad(weights.Bias ?? new float[weights.K]);

    // [r][s][channel of a group][filter].
    private static float[] Pack(ConvWeights weights)
    {
        int channels = weights.C / weights.Groups, taps = weights.R * weights.S;
        var packed = new float[(long)taps * channels * weights.K];
        int index = 0;
        for (int tap = 0; tap < taps; tap++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int k = 0; k < weights.K; k++) packed[index++] = weights.Values[((((long)k * channels) + c) * taps) + tap];
            }
        }
        return packed;
    }
}
