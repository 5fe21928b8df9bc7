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

    static abstract V Max(V a, V b);

    static abstract V Min(V a, V b);

    /// <summary>a · b + c, fused where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The nearest whole number.</summary>
    static abstract V Round(V value);

    /// <summary>2 to the power of a whole number between −126 and 127.</summary>
    static abstract V Pow2(V whole);

    /// <summary>The sum of the lanes, in an order that is the same for every call.</summary>
    static abstract float Sum(V value);

    /// <summary>The greatest lane.</summary>
    static abstract float MaxLane(V value);
}
