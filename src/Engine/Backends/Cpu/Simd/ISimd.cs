namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>
/// The vector operations that kernels are written in. A kernel is generic over an implementation and its vector type; the
/// just-in-time compiler makes one straight-line version for each.
/// </summary>
internal unsafe interface ISimd<V> where V : struct
{
    /// <summary>Whether products and sums are rounded each for itself, the same bits on every processor.</summary>
    static virtual bool IsExact => false;

    /// <summary>Lanes of a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Pixels of a convolution tile: as many as leave registers for two vectors of weights and a broadcast.</summary>
    static abstract int TileRows { get; }

    static abstract V Load(float* source);

    static abstract void Store(V value, float* target);

    /// <summary>Asks for a cache line that will be read very soon; any address will do.</summary>
    static abstract void Prefetch(float* address);

    /// <summary>Asks for a cache line to be brought as near as the second-level cache; any address will do.</summary>
    static abstract void PrefetchFar(float* address);

    static abstract V Broadcast(float value);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>The greater; if either is NaN, b on x64.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The greater; NaN if either is. Slower than <see cref="Max"/>.</summary>
    static abstract V Maximum(V a, V b);

    /// <summary>The lesser; if either is NaN, b on x64.</summary>
    static abstract V Min(V a, V b);

    /// <summary>a · b + c, fused where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The nearest whole number.</summary>
    static abstract V Round(V value);

    /// <summary>value − floor(value).</summary>
    static abstract V Fraction(V value);

    /// <summary>
    /// value · 2 to the power of floor(exponent), infinite from 128 on, for exponents that <see cref="LimitExponent"/> leaves as they are.
    /// </summary>
    static abstract V ScaleByPow2(V value, V exponent);

    /// <summary>
    /// The nearest exponent that <see cref="ScaleByPow2"/> takes: −126 to 128, or any where the hardware scales; NaN stays.
    /// </summary>
    static abstract V LimitExponent(V exponent);

    /// <summary>The sum of the lanes, in an order that is the same for every call.</summary>
    static abstract float Sum(V value);

    /// <summary>The sums of the lanes of four vectors, in the order of <see cref="Sum"/>.</summary>
    static abstract void SumFour(V a, V b, V c, V d, float* sums);
}
