using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;

namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>The loops of convolutions.</summary>
internal static class Windows
{
    public static Window Of(Conv2dOp op) => new(op.R, op.S, op.Stride, op.Dilation, op.Padding.Top, op.Padding.Left);
}

/// <summary>Which output pixels a convolution computes: rows and columns, the first of them, and the step between them.</summary>
internal readonly record struct ConvRaster(int Rows, int Columns, int FirstRow = 0, int FirstColumn = 0, int Step = 1)
{
    public static ConvRaster Of(Shape output) => new(output.H, output.W);
}

/// <summary>
/// What a convolution reads: a tensor, a gate that its channels are multiplied with, and whether it is read twice as large as it is.
/// </summary>
internal sealed record ConvInput(Tensor Source, Tensor? Gate = null, bool Upsampled = false);
