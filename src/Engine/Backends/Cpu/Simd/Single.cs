using System.Runtime.CompilerServices;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>Single numbers, for what vectors leave over: rounded as the vectors' own are.</summary>
internal static class Single<S, V> where S : struct, ISimd<V> where V : struct
{
    /// <summary>a · b + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float a, float b, float c) => S.IsExact ? (a * b) + c : Scalar.MultiplyAdd(a, b, c);

    /// <summary>e^x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x) => S.IsExact ? Elementary<ExactScalar, float>.Exp(x) : Elementary<Scalar, float>.Exp(x);

    /// <summary>An activation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Activate(float x, Activation activation) => S.IsExact
        ? Elementary<ExactScalar, float>.Activate(x, activation) : Elementary<Scalar, float>.Activate(x, activation);
}
