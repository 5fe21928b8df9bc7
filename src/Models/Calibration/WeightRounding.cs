using LungSeg.Engine;

namespace LungSeg.Models.Calibration;

/// <summary>Weights as integers with a scale for each output channel.</summary>
internal static class WeightRounding
{
    private const int Steps = 40;
    private const double MinFactor = 0.5;

    /// <summary>
    /// Rounds weights so that the error of what they are multiplied into is least: of the scales up to the one that reaches the largest
    /// weight, that with the least sum of squared differences, each times the mean square of its input.
    /// </summary>
    /// <param name="weights">A convolution's weights as [outputs][inputs][taps].</param>
    /// <param name="taps">Taps of the window.</param>
    /// <param name="meanSquares">The mean square of each input of an output channel.</param>
    public static (float[] Integers, float[] Scales) LeastSquares(float[][] weights, int taps, Func<int, double[]> meanSquares)
    {
        var integers = new float[weights.Sum(row => row.Length)];
        var scales = new float[weights.Length];
        for (int output = 0, at = 0; output < weights.Length; at += weights[output].Length, output++)
        {
            float[] row = weights[output];
            double[] importance = meanSquares(output);
            double largest = row.Max(Math.Abs), bestError = double.PositiveInfinity;
            float best = 1;
            for (int step = 0; step <= Steps && largest > 0; step++)
            {
                float scale = (float)(largest * (1 - ((1 - MinFactor) * step / Steps)) / Quantization.WeightLimit);
                if (!float.IsNormal(scale)) break;
                double error = 0;
                for (int i = 0; i < row.Length; i++)
                {
                    double difference = row[i] - (scale * Nearest(row[i], scale));
                    error += difference * difference * (importance[i / taps] + double.Epsilon);
                }
                if (error < bestError) (bestError, best) = (error, scale);
            }
            scales[output] = best;
            for (int i = 0; i < row.Length; i++) integers[at + i] = (float)Nearest(row[i], best);
        }
        return (integers, scales);
    }

    private static double Nearest(double weight, double scale) =>
        Math.Clamp(Math.Round(weight / scale), -Quantization.WeightLimit, Quantization.WeightLimit);
}
