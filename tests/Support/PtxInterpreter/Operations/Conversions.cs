using System.Numerics;

namespace LungSeg.PtxInterpreter.Operations;

/// <summary>Between integers: truncated, or extended by the source's sign.</summary>
internal readonly struct IntegerToInteger<TIn, TOut> : IUnary<TIn, TOut> where TIn : IBinaryInteger<TIn> where TOut : IBinaryInteger<TOut>
{
    public static TOut Apply(TIn x) => TOut.CreateTruncating(x);
}

/// <summary>Integer to float, float to float: rounded to nearest even.</summary>
internal readonly struct ToFloat<TIn, TOut> : IUnary<TIn, TOut> where TIn : INumberBase<TIn> where TOut : INumberBase<TOut>
{
    public static TOut Apply(TIn x) => TOut.CreateTruncating(x);
}

/// <summary>Float to integer towards zero; what does not fit becomes the nearest that does, not-a-number zero.</summary>
internal readonly struct TowardsZero<TIn, TOut> : IUnary<TIn, TOut> where TIn : INumberBase<TIn> where TOut : INumberBase<TOut>
{
    public static TOut Apply(TIn x) => TOut.CreateSaturating(x);
}

internal readonly struct HalfToFloat : IUnary<uint, float>
{
    public static float Apply(uint x) => (float)BitConverter.UInt16BitsToHalf((ushort)x);
}

internal readonly struct FloatToHalf : IUnary<float, uint>
{
    public static uint Apply(float x) => BitConverter.HalfToUInt16Bits((Half)x);
}

/// <summary>cvt.rn.f16x2.f32: the first operand becomes the upper half.</summary>
internal readonly struct PackHalves : IBinary<float, float, uint>
{
    public static uint Apply(float high, float low) => FloatToHalf.Apply(low) | (FloatToHalf.Apply(high) << 16);
}

/// <summary>cvt.rna.tf32.f32: ten bits of mantissa, to nearest, ties away from zero.</summary>
internal readonly struct FloatToTf32 : IUnary<uint, uint>
{
    public static uint Apply(uint x) => float.IsFinite(BitConverter.UInt32BitsToSingle(x)) ? (x + 0x1000) & ~0x1FFFu : x;
}

/// <summary>Two halves' products.</summary>
internal readonly struct MultiplyHalves : IBinary<uint, uint, uint>
{
    public static uint Apply(uint a, uint b) => PackHalves.Apply(
        HalfToFloat.Apply(a >> 16) * HalfToFloat.Apply(b >> 16), HalfToFloat.Apply(a) * HalfToFloat.Apply(b));
}

/// <summary>The lower 16 bits of a register.</summary>
internal readonly struct LowHalf : IUnary<uint, uint>
{
    public static uint Apply(uint x) => x & 0xFFFF;
}

/// <summary>The upper 16 bits of a register.</summary>
internal readonly struct HighHalf : IUnary<uint, uint>
{
    public static uint Apply(uint x) => x >> 16;
}

/// <summary>Two 16-bit registers in one of 32.</summary>
internal readonly struct PackBits : IBinary<uint, uint, uint>
{
    public static uint Apply(uint low, uint high) => (low & 0xFFFF) | (high << 16);
}
