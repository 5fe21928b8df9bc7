using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// F(3 x 3, 3 x 3): 3.24 times fewer products, for maps whose sides are multiples of 3 rather than of 4, as the parts of a
/// dilated convolution's map often are. Interpolates at 0, ±3/4, 3/2 and ∞, which amplifies rounding as little as F(4 x 4).
/// </summary>
internal readonly struct Winograd3<S, V> : IWinograd<S, V> where S : struct, ISimd<V> where V : struct
{
    private const double A = 0.75, B = 1.5, A2 = A * A, B2 = B * B;

    public static int Outputs => 3;

    public static ReadOnlySpan<double> WeightTransform =>
    [
        1 / (A2 * B), 0, 0,
        1 / (2 * A2 * (A - B)), A / (2 * A2 * (A - B)), A2 / (2 * A2 * (A - B)),
        -1 / (2 * A2 * (A + B)), A / (2 * A2 * (A + B)), -A2 / (2 * A2 * (A + B)),
        1 / (B * (B2 - A2)), B / (B * (B2 - A2)), B2 / (B * (B2 - A2)),
        0, 0, 1,
    ];

    // Every row but that of b has the factor x - b, so that differences d[k + 1] - b d[k] serve them all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Input<L>(L input, float* output, nint step) where L : struct, ILine
    {
        V d0 = S.Load(input[0]), d1 = S.Load(input[1]), d2 = S.Load(input[2]), d3 = S.Load(input[3]), d4 = S.Load(input[4]);
        V e0 = Scaled(d0, -B, d1), e1 = Scaled(d1, -B, d2), e2 = Scaled(d2, -B, d3);
        S.Store(Scaled(e0, -A2, e2), output);
        S.Store(Scaled(e1, A, e2), output + step);
        S.Store(Scaled(e1, -A, e2), output + (2 * step));
        S.Store(Scaled(d1, -A2, d3), output + (3 * step));
        S.Store(Scaled(e1, -A2, Scaled(d3, -B, d4)), output + (4 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Output<L>(L input, float* output, nint step) where L : struct, ILine
    {
        V m1 = S.Load(input[1]), m2 = S.Load(input[2]), m3 = S.Load(input[3]);
        V sum = S.Add(m1, m2), difference = S.Subtract(m1, m2);
        S.Store(S.Add(S.Load(input[0]), S.Add(sum, m3)), output);
        S.Store(Scaled(m3, B, Times(difference, A)), output + step);
        S.Store(S.Add(Scaled(m3, B2, Times(sum, A2)), S.Load(input[4])), output + (2 * step));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Scaled(V x, double factor, V addend) => S.MultiplyAdd(x, S.Broadcast((float)factor), addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Times(V x, double factor) => S.Multiply(x, S.Broadcast((float)factor));
}
