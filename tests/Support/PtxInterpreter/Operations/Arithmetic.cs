using System.Numerics;
using System.Runtime.Intrinsics;

namespace LungSeg.PtxInterpreter.Operations;

internal readonly struct Add<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a + b;
}

internal readonly struct Subtract<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a - b;
}

internal readonly struct Multiply<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a * b;
}

internal readonly struct And<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a & b;
}

internal readonly struct Or<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a | b;
}

internal readonly struct ExclusiveOr<T> : IVectorBinary<T>
{
    public static Vector512<T> Apply(Vector512<T> a, Vector512<T> b) => a ^ b;
}

internal readonly struct AndBits : IBinary<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => a & b;
}

internal readonly struct OrBits : IBinary<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => a | b;
}

internal readonly struct ExclusiveOrBits : IBinary<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => a ^ b;
}

internal readonly struct Not<T> : IUnary<T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T x) => ~x;
}

internal readonly struct Negate<T> : IUnary<T, T> where T : INumber<T>
{
    public static T Apply(T x) => -x;
}

internal readonly struct Absolute<T> : IUnary<T, T> where T : INumber<T>
{
    public static T Apply(T x) => T.Abs(x);
}

internal readonly struct Divide<T> : IBinary<T, T, T> where T : INumber<T>
{
    // A GPU gives an unspecified quotient for an integer divided by zero.
    public static T Apply(T a, T b) => T.IsZero(b) && typeof(T) != typeof(float) && typeof(T) != typeof(double) ? T.Zero : a / b;
}

internal readonly struct Remainder<T> : IBinary<T, T, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? T.Zero : a % b;
}

/// <summary>Of a number and not-a-number the number, as in PTX.</summary>
internal readonly struct Minimum<T> : IBinary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b) => T.MinNumber(a, b);
}

/// <summary>Of a number and not-a-number the number, as in PTX.</summary>
internal readonly struct Maximum<T> : IBinary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b) => T.MaxNumber(a, b);
}

/// <summary>a · b + c, rounded once where it is rounded at all.</summary>
internal readonly struct MultiplyAdd<T> : ITernary<T, T, T> where T : INumber<T>
{
    public static T Apply(T a, T b, T c) => T.MultiplyAddEstimate(a, b, c);
}

internal readonly struct FusedMultiplyAdd<T> : ITernary<T, T, T> where T : IFloatingPointIeee754<T>
{
    public static T Apply(T a, T b, T c) => T.FusedMultiplyAdd(a, b, c);
}

internal readonly struct MultiplyWide<TIn, TOut> : IBinary<TIn, TIn, TOut> where TIn : IBinaryInteger<TIn> where TOut : IBinaryInteger<TOut>
{
    public static TOut Apply(TIn a, TIn b) => TOut.CreateTruncating(a) * TOut.CreateTruncating(b);
}

internal readonly struct MultiplyAddWide<TIn, TOut> : ITernary<TIn, TOut, TOut> where TIn : IBinaryInteger<TIn>
    where TOut : IBinaryInteger<TOut>
{
    public static TOut Apply(TIn a, TIn b, TOut c) => (TOut.CreateTruncating(a) * TOut.CreateTruncating(b)) + c;
}

internal readonly struct MultiplyHigh<T, TWide> : IBinary<T, T, T> where T : IBinaryInteger<T> where TWide : IBinaryInteger<TWide>
{
    public static T Apply(T a, T b) => T.CreateTruncating((TWide.CreateTruncating(a) * TWide.CreateTruncating(b)) >> 32);
}

/// <summary>Shifts by the width or more give zero, or the sign.</summary>
internal readonly struct ShiftLeft<T> : IBinary<T, uint, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, uint b) => b >= int.CreateTruncating(T.PopCount(T.AllBitsSet)) ? T.Zero : a << (int)b;
}

internal readonly struct ShiftRight<T> : IBinary<T, uint, T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, uint b)
    {
        int bits = int.CreateTruncating(T.PopCount(T.AllBitsSet));
        if (b < bits) return a >> (int)b;
        return T.IsNegative(a) ? T.AllBitsSet : T.Zero;
    }
}
