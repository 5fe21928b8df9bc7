using LungSeg.Engine.Ops;
using LungSeg.Kernels.Abi;


namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// A 3x3 convolution of a map that nearest upsampling has doubled sees each source pixel several times: it is four 2x2 convolutions
/// of the source, one for each phase of the output pixels, with 2.25 times fewer multiply-accumulates.
/// </summary>
internal static class UpsampledConv
{
    /// <summary>The window of phase (0, 0); phase (i, j) pads i rows and j columns less.</summary>
    public static Window Window { get; } = new(r: 2, s: 2, stride: 1, dilation: 1, padTop: 1, padLeft: 1);

    /// <summary>Whether a convolution can read the source of an upsampling in the upsampling's stead.</summary>
    public static bool Takes(Conv2dOp conv, UpsampleNearestOp upsample) => upsample.Scale == 2 && conv.Padding == new Padding(1, 1, 1, 1)
        && conv is { R: 3, S: 3, Stride: 1, Dilation: 1, Groups: 1, C: > 1, K: > 1 };

    /// <summary>Weights of the phases (0, 0), (0, 1), (1, 0), (1, 1), sums rounded once.</summary>
    public static IReadOnlyList<ConvWeights> Phases(Conv2dOp op)
    {
        float[] values = op.Weight.Read();
        float[]? bias = op.Bias?.Read();
        return [.. Enumerable.Range(0, 4).Select(phase => Phase(op, values, bias, phase / 2, phase % 2))];
    }

    private static ConvWeights Phase(Conv2dOp op, float[] values, float[]? bias, int i, int j)
    {
        var result = new float[op.K * op.C * 4];
        for (int filter = 0; filter < op.K * op.C; filter++)
        {
            for (int tap = 0; tap < 4; tap++)
            {
                (int firstRow, int rows) = Taps(i, tap / 2);
                (int firstColumn, int columns) = Taps(j, tap % 2);
                double sum = 0;
                for (int r = firstRow; r < firstRow + rows; r++)
                {
                    for (int s = firstColumn; s < firstColumn + columns; s++) sum += values[(filter * 9) + (r * 3) + s];
                }
                result[(filter * 4) + tap] = (float)sum;
            }
        }
        return new ConvWeights(result, bias, op.K, op.C, 2, 2, 1);
    }

    // Even output pixels: tap 0 is in the source pixel before, taps 1 and 2 in their own; odd ones: 0 and 1 in their own, 2 in the next.
    private static (int First, int Count) Taps(int phase, int tap) => phase == 0
        ? tap == 0 ? (0, 1) : (1, 2)
        : tap == 0 ? (0, 2) : (2, 1);
}
