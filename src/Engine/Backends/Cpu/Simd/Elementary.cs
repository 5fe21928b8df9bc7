using System.Runtime.CompilerServices;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>Elementary functions on vectors.</summary>
internal static class Elementary<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>
    /// e^x within 2 units in the last place: x = n·ln 2 + r, 2^n by the exponent bits, e^r by a polynomial of degree 6 on
    /// |r| ≤ ln 2 / 2. Arguments are clamped to ±87, where float32 ends.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        // The second operand wins over NaN on x64: a NaN stays visible.
        x = S.Min(S.Broadcast(87f), S.Max(S.Broadcast(-87f), x));
        V n = S.Round(S.Multiply(x, S.Broadcast(1.44269504f)));
        // ln 2 in two parts, so that n·ln 2 is exact enough.
        V r = S.MultiplyAdd(n, S.Broadcast(-0.693359375f), x);
        r = S.MultiplyAdd(n, S.Broadcast(2.12194440e-4f), r);
        V p = S.Broadcast(1.9875691500e-4f);
        p = S.MultiplyAdd(p, r, S.Broadcast(1.3981999507e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(8.3334519073e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(4.1665795894e-2f));
        p = S.MultiplyAdd(p, r, S.Broadcast(1.6666665459e-1f));
        p = S.MultiplyAdd(p, r, S.Broadcast(5.0000001201e-1f));
        p = S.MultiplyAdd(S.Multiply(r, r), p, S.Add(r, S.Broadcast(1f)));
        return S.ScaleByPow2(p, n);
    }

    /// <summary>1 / (1 + e^−x) within 4 units in the last place of 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => S.Divide(S.Broadcast(1f), OnePlusExp(x));

    /// <summary>
    /// 1 + e^−x. One step of reduction will do, unlike in <see cref="Exp"/>: its error grows with |x|, but the slope of the sigmoid
    /// shrinks faster.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V OnePlusExp(V x)
    {
        V t = S.LimitExponent(S.Multiply(x, S.Broadcast(-1.44269504f)));
        V f = S.Fraction(t);
        // 2^f on 0 ≤ f < 1 within 7.5e-8 of its value (Remez).
        V p = S.MultiplyAdd(S.Broadcast(1.8775766e-3f), f, S.Broadcast(8.9893397e-3f));
        p = S.MultiplyAdd(p, f, S.Broadcast(5.5826318e-2f));
        p = S.MultiplyAdd(p, f, S.Broadcast(2.4015361e-1f));
        p = S.MultiplyAdd(p, f, S.Broadcast(6.9315308e-1f));
        p = S.MultiplyAdd(p, f, S.Broadcast(0.99999994f));
        return S.Add(S.Broadcast(1f), S.ScaleByPow2(p, t));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V HardSigmoid(V x) =>
        S.Divide(S.Min(S.Broadcast(6f), S.Max(S.Broadcast(0f), S.Add(x, S.Broadcast(3f)))), S.Broadcast(6f));

    /// <summary>Applies an activation; the switch is folded where the activation is a constant of the caller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Activate(V x, Activation activation) => activation switch
    {
        Activation.ReLU => S.Max(S.Broadcast(0f), x),
        Activation.SiLU => S.Divide(x, OnePlusExp(x)),
        Activation.Sigmoid => Sigmoid(x),
        Activation.ReLU6 => S.Min(S.Broadcast(6f), S.Max(S.Broadcast(0f), x)),
        Activation.HardSigmoid => HardSigmoid(x),
        Activation.HardSwish => S.Multiply(x, HardSigmoid(x)),
        _ => x,
    };
}
