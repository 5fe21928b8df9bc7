using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends;

/// <summary>
/// One axis of one phase of a transposed convolution: output pixels First, First + stride, … see the kernel's taps Tap,
/// Tap + stride, …, as a plain convolution with padding and the taps in reverse.
/// </summary>
internal readonly record struct TransposedPhase(int Tap, int Taps, int First, int Outputs, int Padding)
{
    public static TransposedPhase Of(int phase, int kernel, int stride, int padding, int outputSize)
    {
        // Output o meets input i at tap r = o + padding − i · stride, so the taps of o share (o + padding) mod stride.
        int first = ((phase - padding) % stride + stride) % stride;
        int taps = Math.Max(0, (kernel - phase + stride - 1) / stride);
        int outputs = Math.Max(0, (outputSize - first + stride - 1) / stride);
        int newest = (first + padding - phase) / stride;
        return new TransposedPhase(phase, taps, first, outputs, taps - 1 - newest);
    }

    /// <summary>The phase's weights as a plain convolution's: [K, C, rows.Taps, columns.Taps].</summary>
    public static ConvWeights Weights(ConvTranspose2dOp op, TransposedPhase rows, TransposedPhase columns)
    {
        float[] values = op.Weight.Read();
        var result = new float[op.K * op.C * rows.Taps * columns.Taps];
        int index = 0;
        for (int k = 0; k < op.K; k++)
        {
            for (int c = 0; c < op.C; c++)
            {
                for (int i = rows.Taps - 1; i >= 0; i--)
                {
                    for (int j = columns.Taps - 1; j >= 0; j--)
                    {
                        int r = rows.Tap + (i * op.Stride), s = columns.Tap + (j * op.Stride);
                        result[index++] = values[(((((c * op.K) + k) * op.R) + r) * op.S) + s];
                    }
                }
            }
        }
        return new ConvWeights(result, op.Bias?.Read(), op.K, op.C, rows.Taps, columns.Taps, 1);
    }
}
