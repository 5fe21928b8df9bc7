namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>
/// The vector operations that kernels are written in. A kernel is generic over an implementation and its vector type; the
/// just-in-time compiler makes one straight-line version for each.
/// </summary>
internal unsafe interface ISimd<V> where V : struct
{
    /// <summary>Lanes of a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Pixels of a convolution tile: as many as leave registers for two vectors of weights and a broadcast.</summary>
    static abstract int TileRows { get; }

    static abstract V Load(float* source);

    static abstract void Store(V value, float* target);

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

    /// <summary>value · 2 to the power of a whole number between −126 and 127.</summary>
    static abstract V ScaleByPow2(V value, V whole);

    /// <summary>1 / value within 2 units in the last place, for values between 1 and 2^126.</summary>
    static abstract V Reciprocal(V value);

    /// <summary>The sum of the lanes, in an order that is the same for every call.</summary>
    static abstract float Sum(V value);
}
