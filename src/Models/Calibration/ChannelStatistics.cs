namespace LungSeg.Models.Calibration;

/// <summary>Mean, mean square and largest magnitude of each channel of a tensor, over all images.</summary>
internal sealed class ChannelStatistics(int channels)
{
    private readonly double[] _sums = new double[channels];
    private readonly double[] _squares = new double[channels];
    private long _count;

    /// <summary>The largest magnitude of each channel.</summary>
    public float[] Largest { get; } = new float[channels];

    /// <summary>The mean of each channel.</summary>
    public double[] Mean => Array.ConvertAll(_sums, sum => sum / Math.Max(_count, 1));

    /// <summary>The mean square of each channel.</summary>
    public double[] MeanSquare => Array.ConvertAll(_squares, sum => sum / Math.Max(_count, 1));

    /// <summary>Counts one image's values, channel after channel.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        int pixels = values.Length / channels;
        for (int channel = 0; channel < channels; channel++)
        {
            double sum = 0, squares = 0;
            float largest = Largest[channel];
            foreach (float value in values.Slice(channel * pixels, pixels))
            {
                sum += value;
                squares += (double)value * value;
                largest = Math.Max(largest, Math.Abs(value));
            }
            _sums[channel] += sum;
            _squares[channel] += squares;
            Largest[channel] = largest;
        }
        _count += pixels;
    }
}
