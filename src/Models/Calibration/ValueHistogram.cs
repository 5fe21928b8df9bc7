using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Calibration;

/// <summary>How often each value of a tensor occurs, over all images that were shown to it.</summary>
internal sealed class ValueHistogram
{
    private const int Half = 2048, Steps = 32, Rounds = 2;
    private const double Narrowest = 0.15;

    private readonly long[] _counts = new long[2 * Half];
    private float _limit = 1f / 1024;

    /// <summary>Counts values. Throws <see cref="WeightException"/> where one is not finite.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
        if (!float.IsFinite(largest)) throw new WeightException("a layer's result is not finite: the network cannot be quantised");
        while (largest >= _limit) Double();
        float perBin = Half / _limit;
        foreach (float value in values) _counts[Math.Clamp((int)MathF.Floor(value * perBin) + Half, 0, _counts.Length - 1)]++;
    }

    /// <summary>
    /// The range whose quantisation has the least mean squared error: values outside it are clipped, and those inside are rounded less for
    /// it. The error is that of what a function makes of the value; without one, of the value.
    /// </summary>
    public ValueRange BestRange(Func<double, double>? function = null)
    {
        (double Value, long Count)[] bins =
            [.. Enumerable.Range(0, _counts.Length).Where(i => _counts[i] > 0).Select(i => (Centre(i), _counts[i]))];
        if (bins.Length == 0) return new ValueRange(0, 0);
        double[] wanted = [.. bins.Select(bin => function?.Invoke(bin.Value) ?? bin.Value)];
        double low = Math.Min(bins[0].Value, 0), high = Math.Max(bins[^1].Value, 0);
        double bestLow = low, bestHigh = high, minimum = Error(low, high);
        for (int round = 0; round < Rounds; round++)
        {
            for (int step = 0; step <= Steps; step++)
            {
                double share = Narrowest + ((1 - Narrowest) * step / Steps);
                if (Error(bestLow, high * share) is double upper && upper < minimum) (minimum, bestHigh) = (upper, high * share);
            }
            for (int step = 0; low < 0 && step <= Steps; step++)
            {
                double share = (double)step / Steps;
                if (Error(low * share, bestHigh) is double lower && lower < minimum) (minimum, bestLow) = (lower, low * share);
            }
        }
        return new ValueRange((float)bestLow, (float)bestHigh);

        double Error(double from, double to)
        {
            Quantization quantization = Quantization.Of(new ValueRange((float)from, (float)to));
            var real = new double[byte.MaxValue + 1];
            for (int i = 0; i < real.Length; i++) real[i] = function?.Invoke(quantization.Real(i)) ?? quantization.Real(i);
            double sum = 0;
            for (int i = 0; i < bins.Length; i++)
            {
                double error = wanted[i] - real[quantization.Nearest(bins[i].Value)];
                sum += error * error * bins[i].Count;
            }
            return sum;
        }
    }

    private double Centre(int bin) => (bin + 0.5 - Half) * _limit / Half;

    private void Double()
    {
        long[] merged = new long[_counts.Length];
        // The middle is between two bins and stays there.
        for (int i = 0; i < _counts.Length; i++) merged[((i - Half) >> 1) + Half] += _counts[i];
        merged.CopyTo(_counts, 0);
        _limit *= 2;
    }
}
