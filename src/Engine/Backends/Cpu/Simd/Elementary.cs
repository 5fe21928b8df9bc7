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

    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => S.Reciprocal(S.Add(S.Broadcast(1f), Exp(S.Subtract(S.Broadcast(0f), x))));

    /// <summary>Applies an activation; the switch is folded where the activation is a constant of the caller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Activate(V x, Activation activation) => activation switch
    {
        Activation.ReLU => S.Max(S.Broadcast(0f), x),
        Activation.SiLU => S.Multiply(x, Sigmoid(x)),
        Activation.Sigmoid => Sigmoid(x),
        _ => x,
    };
}
