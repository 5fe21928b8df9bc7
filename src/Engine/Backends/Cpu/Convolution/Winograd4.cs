using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// F(4 x 4, 3 x 3): 4 times fewer products. Interpolates at 0, ±a, ±b and ∞ with a = 1/√2 and b = √2, whose transforms
/// amplify rounding less than the customary 1 and 2.
/// </summary>
internal readonly struct Winograd4<S, V> : IWinograd<S, V> where S : struct, ISimd<V> where V : struct
{
    private const double A = 0.70710678118654752, B = 1.41421356237309505, A2 = 0.5, B2 = 2, A2B2 = A2 * B2;
    private const double NormA = 2 * A2 * (A2 - B2), NormB = 2 * B2 * (B2 - A2);

    public static int Outputs => 4;

    public static ReadOnlySpan<double> WeightTransform =>
    [
        1 / A2B2, 0, 0,
        1 / NormA, A / NormA, A2 / NormA,
        1 / NormA, -A / NormA, A2 / NormA,
        1 / NormB, B / NormB, B2 / NormB,
        1 / NormB, -B / NormB, B2 / NormB,
        0, 0, 1,
    ];

    // Rows ±a are x⁴ − b²x² ± a(x³ − b²x), rows ±b the same with a and b exchanged: even and odd parts serve both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Input<L>(L input, float* output, nint step) where L : struct, ILine
    {
        V d0 = S.Load(input[0]), d1 = S.Load(input[1]), d2 = S.Load(input[2]);
        V d3 = S.Load(input[3]), d4 = S.Load(input[4]), d5 = S.Load(input[5]);
        V evenA = Scaled(d2, -B2, d4), oddA = Times(Scaled(d1, -B2, d3), A);
        V evenB = Scaled(d2, -A2, d4), oddB = Times(Scaled(d1, -A2, d3), B);
        S.Store(Scaled(d2, -(A2 + B2), Scaled(d0, A2B2, d4)), output);
        S.Store(S.Add(evenA, oddA), output + step);
        S.Store(S.Subtract(evenA, oddA), output + (2 * step));
        S.Store(S.Add(evenB, oddB), output + (3 * step));
        S.Store(S.Subtract(evenB, oddB), output + (4 * step));
        S.Store(Scaled(d3, -(A2 + B2), Scaled(d1, A2B2, d5)), output + (5 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Output<L>(L input, float* output, nint step) where L : struct, ILine
    {
        V m1 = S.Load(input[1]), m2 = S.Load(input[2]);
        V m3 = S.Load(input[3]), m4 = S.Load(input[4]);
        V sumA = S.Add(m1, m2), differenceA = S.Subtract(m1, m2), sumB = S.Add(m3, m4), differenceB = S.Subtract(m3, m4);
        S.Store(S.Add(S.Load(input[0]), S.Add(sumA, sumB)), output);
        S.Store(Scaled(differenceB, B, Times(differenceA, A)), output + step);
        S.Store(Scaled(sumB, B2, Times(sumA, A2)), output + (2 * step));
        S.Store(S.Add(Scaled(differenceB, B * B2, Times(differenceA, A * A2)), S.Load(input[5])), output + (3 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Scaled(V x, double factor, V addend) => S.MultiplyAdd(x, S.Broadcast((float)factor), addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Times(V x, double factor) => S.Multiply(x, S.Broadcast((float)factor));
}
