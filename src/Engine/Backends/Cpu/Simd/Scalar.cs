using System.Runtime.CompilerServices;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>Vectors of one lane, for tensors of one channel.</summary>
internal readonly unsafe struct Scalar : ISimd<float>
{
    public static int Width => 1;

    public static int TileRows => 12;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

    // As the vector instructions do: the second operand wins over NaN.
    public static float Max(float a, float b) => a > b ? a : b;

    public static float Maximum(float a, float b) => Math.Max(a, b);

    public static float Min(float a, float b) => a < b ? a : b;

    public static float MultiplyAdd(float a, float b, float c) => float.MultiplyAddEstimate(a, b, c);

    public static float Round(float value) => MathF.Round(value);

    public static float Fraction(float value) => value - MathF.Floor(value);

    public static float ScaleByPow2(float value, float exponent) =>
        value * BitConverter.Int32BitsToSingle(((int)MathF.Floor(exponent) + 127) << 23);

    public static float LimitExponent(float exponent) => Math.Clamp(exponent, -126, 128);

    public static float Sum(float value) => value;

    public static void SumFour(float a, float b, float c, float d, float* sums)
    {
        sums[0] = a;
        sums[1] = b;
        sums[2] = c;
        sums[3] = d;
    }
}
