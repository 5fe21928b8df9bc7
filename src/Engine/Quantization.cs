namespace LungSeg.Engine;

/// <summary>How real numbers are stored as bytes: real = <paramref name="Scale"/> · (byte − <paramref name="Zero"/>).</summary>
/// <param name="Scale">The distance between neighbouring bytes; finite and above 0.</param>
/// <param name="Zero">The byte that stands for 0, exactly.</param>
internal readonly record struct Quantization(float Scale, byte Zero)
{
    /// <summary>
    /// The largest weight. Weights have 7 bits: two products with a byte then fit 16 bits, which is how processors without an instruction
    /// for four products add them.
    /// </summary>
    public const int WeightLimit = 63;

    /// <summary>The finest quantisation that reaches all of a range, widened to hold 0.</summary>
    public static Quantization Of(ValueRange range)
    {
        double low = Math.Min(range.Low, 0), high = Math.Max(range.High, 0);
        if (!double.IsFinite(low) || !double.IsFinite(high))
            throw new ArgumentException($"a finite range expected, found {range.Low} to {range.High}");
        float scale = (float)((high - low) / byte.MaxValue);
        if (!float.IsNormal(scale)) return new Quantization(1, 0);
        return new Quantization(scale, (byte)Math.Clamp(Math.Round(-low / scale), 0, byte.MaxValue));
    }

    /// <summary>The real number that a byte stands for.</summary>
    public double Real(int stored) => (double)Scale * (stored - Zero);

    /// <summary>The nearest byte, ties to even.</summary>
    public byte Nearest(double real) => (byte)Math.Clamp(Math.Round(real / Scale) + Zero, 0, byte.MaxValue);
}

/// <summary>The least and the greatest value of a tensor.</summary>
internal readonly record struct ValueRange(float Low, float High)
{
    /// <summary>The range that holds both.</summary>
    public ValueRange Union(ValueRange other) => new(Math.Min(Low, other.Low), Math.Max(High, other.High));
}
