using LungSeg.Imaging.Codecs;

namespace LungSeg.Imaging;

/// <summary>The probability of lung for each pixel, rows from top to bottom.</summary>
public sealed class ProbabilityMap
{
    private readonly Lazy<float[]> _values;

    /// <summary>Wraps height x width values from 0 to 1 without copying them.</summary>
    /// <exception cref="ArgumentException">The length does not fit.</exception>
    public ProbabilityMap(int width, int height, float[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (values.Length != (long)width * height)
            throw new ArgumentException($"{width} x {height} probabilities expected, {values.Length} found", nameof(values));
        (Width, Height, _values) = (width, height, new Lazy<float[]>(values));
    }

    private ProbabilityMap(int width, int height, Func<float[]> values) =>
        (Width, Height, _values) = (width, height, new Lazy<float[]>(values));

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Height x width values.</summary>
    public ReadOnlySpan<float> Values => _values.Value;

    /// <summary>The same map at another size: bilinear, half-pixel centres, no antialiasing; computed when it is first read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive, or there would be over 100 million pixels.</exception>
    public ProbabilityMap Resize(int width, int height)
    {
        ImageSize.CheckMade(width, height);
        return new(width, height, () => BilinearResize.Resize(Values, Width, Height, 1, width, height));
    }

    /// <summary>The map of the mirror image: each row from right to left.</summary>
    public ProbabilityMap Mirrored()
    {
        float[] values = Values.ToArray();
        for (int y = 0; y < Height; y++)
            values.AsSpan(y * Width, Width).Reverse();
        return new ProbabilityMap(Width, Height, values);
    }

    /// <summary>The mean of this map and another of the same size.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public ProbabilityMap MeanWith(ProbabilityMap other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((other.Width, other.Height) != (Width, Height))
            throw new ArgumentException($"maps of {Width} x {Height} and {other.Width} x {other.Height} have no mean", nameof(other));
        float[] values = new float[Values.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = (Values[i] + other.Values[i]) / 2;
        return new ProbabilityMap(Width, Height, values);
    }

    /// <summary>Lung wherever the probability is over the threshold, not at it.</summary>
    /// <exception cref="ArgumentException">The threshold is not a number.</exception>
    public LungMask Threshold(float threshold) => LungMask.FromProbabilities(Values, Width, Height, threshold);

    /// <summary>The map as a grey image of 16 bits, 65535 for certainty.</summary>
    public Radiograph ToImage() =>
        new(Width, Height, 1, 16, Array.ConvertAll(_values.Value, p => (ushort)MathF.Round(Math.Clamp(p, 0f, 1f) * ushort.MaxValue)));
}
