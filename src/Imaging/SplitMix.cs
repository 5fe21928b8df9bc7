namespace LungSeg.Imaging;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and every version of .NET.</summary>
internal sealed class SplitMix(long seed)
{
    private ulong _state = (ulong)seed;

    /// <summary>Even over [0, 1).</summary>
    public double Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return ((z ^ z >> 31) >> 11) * (1.0 / (1UL << 53));
    }

    public double Between(double low, double high) => low + (high - low) * Next();

    /// <summary>Near enough to a normal distribution of mean 0 and variance 1, without functions that differ between machines.</summary>
    public double Normal() => (Next() + Next() + Next() + Next() - 2) * 1.7320508075688772;
}
