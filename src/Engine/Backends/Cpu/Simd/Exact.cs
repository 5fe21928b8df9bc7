using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>
/// Vectors of 16 lanes whatever the processor has, whose results are the same bits on every one: products and sums are rounded each for
/// itself. For the float32 layers of a network of integers.
/// </summary>
internal readonly unsafe struct Exact : ISimd<Vector512<float>>
{
    public static bool IsExact => true;

    public static int Width => 16;

    public static int TileRows => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* target) => value.Store(target);

    public static void Prefetch(float* address)
    {
    }

    public static void PrefetchFar(float* address)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    // The second operand wins over NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Maximum(Vector512<float> a, Vector512<float> b) => Vector512.Max(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) =>
        Vector512.ConditionalSelect(Vector512.LessThan(a, b), a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => (a * b) + c;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Round(Vector512<float> value) => value + Vector512.Create(12582912f) - Vector512.Create(12582912f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Fraction(Vector512<float> value) => value - Vector512.Floor(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ScaleByPow2(Vector512<float> value, Vector512<float> exponent) =>
        value * Vector512.ShiftLeft(Vector512.ConvertToInt32(Vector512.Floor(exponent)) + Vector512.Create(127), 23).AsSingle();

    // The second operand wins over NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LimitExponent(Vector512<float> exponent) =>
        Min(Vector512.Create(128f), Max(Vector512.Create(-126f), exponent));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value)
    {
        Vector256<float> half = value.GetLower() + value.GetUpper();
        Vector128<float> quarter = half.GetLower() + half.GetUpper();
        return (quarter[0] + quarter[1]) + (quarter[2] + quarter[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SumFour(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* sums)
    {
        sums[0] = Sum(a);
        sums[1] = Sum(b);
        sums[2] = Sum(c);
        sums[3] = Sum(d);
    }
}

/// <summary>The same for tensors of one channel.</summary>
internal readonly unsafe struct ExactScalar : ISimd<float>
{
    public static bool IsExact => true;

    public static int Width => 1;

    public static int TileRows => 12;

    public static float Load(float* source) => *source;

    public static void Store(float value, float* target) => *target = value;

    public static void Prefetch(float* address)
    {
    }

    public static void PrefetchFar(float* address)
    {
    }

    public static float Broadcast(float value) => value;

    public static float Add(float a, float b) => a + b;

    public static float Subtract(float a, float b) => a - b;

    public static float Multiply(float a, float b) => a * b;

    public static float Divide(float a, float b) => a / b;

    public static float Max(float a, float b) => a > b ? a : b;

    public static float Maximum(float a, float b) => Math.Max(a, b);

    public static float Min(float a, float b) => a < b ? a : b;

    public static float MultiplyAdd(float a, float b, float c) => (a * b) + c;

    public static float Round(float value) => value + 12582912f - 12582912f;

    public static float Fraction(float value) => value - MathF.Floor(value);

    public static float ScaleByPow2(float value, float exponent) =>
        value * BitConverter.Int32BitsToSingle(((int)MathF.Floor(exponent) + 127) << 23);

    public static float LimitExponent(float exponent) => Min(128, Max(-126, exponent));

    public static float Sum(float value) => value;

    public static void SumFour(float a, float b, float c, float d, float* sums)
    {
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
    }
}
