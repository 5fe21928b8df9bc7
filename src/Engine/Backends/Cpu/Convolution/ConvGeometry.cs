using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// The loops of a convolution, whatever operation it comes from: where its windows lie and how large the result is.
/// Padding may be negative: then the first windows start inside the image.
/// </summary>
internal readonly record struct ConvGeometry(
    int R, int S, int Stride, int Dilation, int PadTop, int PadLeft, int OutputHeight, int OutputWidth)
{
    /// <summary>Input columns that a row of windows touches, padding included.</summary>
    public int PaddedWidth => ((OutputWidth - 1) * Stride) + ((S - 1) * Dilation) + 1;

    public static ConvGeometry Of(Conv2dOp op, Shape output) =>
        new(op.R, op.S, op.Stride, op.Dilation, op.Padding.Top, op.Padding.Left, output.H, output.W);

    /// <summary>Products of one input and one output channel that lie inside an image of the given size.</summary>
    public long LiveTaps(int height, int width)
    {
        return Along(R, PadTop, OutputHeight, Stride, Dilation, height) * Along(S, PadLeft, OutputWidth, Stride, Dilation, width);

        static long Along(int taps, int padding, int outputs, int stride, int dilation, int inputs) => Enumerable.Range(0, taps)
            .Sum(tap => Enumerable.Range(0, outputs)
                .LongCount(output => (uint)((output * stride) + (tap * dilation) - padding) < (uint)inputs));
    }

    /// <summary>The input row that kernel row r reads for an output row.</summary>
    public int InputRow(int row, int r) => (row * Stride) + (r * Dilation) - PadTop;
}
