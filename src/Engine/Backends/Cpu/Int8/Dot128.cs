using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>How 128-bit vectors are multiplied.</summary>
internal interface IProducts128
{
    static abstract Vector128<int> Dot(Vector128<int> sum, Vector128<int> bytes, Vector128<int> weights);
}

/// <summary>One instruction, of processors with AVX-VNNI.</summary>
internal readonly struct VnniProducts128 : IProducts128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> bytes, Vector128<int> weights) =>
        AvxVnni.MultiplyWideningAndAdd(sum, bytes.AsByte(), weights.AsSByte());
}

/// <summary>
/// What any processor has: pairs on x64, the dot product of Arm64 where it is, plain products elsewhere. Arm64's is of two signed operands:
/// it takes the bytes less 128, and the weights' sums times 128 are added afterwards.
/// </summary>
internal readonly struct PlainProducts128 : IProducts128
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> bytes, Vector128<int> weights)
    {
        if (Dp.IsSupported) return Dp.DotProduct(sum, (bytes.AsByte() ^ Vector128.Create((byte)0x80)).AsSByte(), weights.AsSByte());
        if (Ssse3.IsSupported)
        {
            return sum + Sse2.MultiplyAddAdjacent(
                Ssse3.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte()), Vector128.Create((short)1));
        }
        (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(bytes.AsByte());
        (Vector128<short> lowWeights, Vector128<short> highWeights) = Vector128.Widen(weights.AsSByte());
        return sum + Fours(low.AsInt16() * lowWeights, high.AsInt16() * highWeights);
    }

    // Four neighbouring products each, of 16 bits; a pair's sum needs more than these.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Fours(Vector128<short> low, Vector128<short> high)
    {
        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
        return Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));
    }
}

/// <summary>128-bit vectors.</summary>
internal readonly unsafe struct Dot128<M> : IDot<Vector128<int>> where M : struct, IProducts128
{
    public static int Width => 4;

    public static int TileRows => AdvSimd.IsSupported ? 12 : 6;

    public static bool IsCorrected => Dp.IsSupported;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Dot(Vector128<int> sum, Vector128<int> bytes, Vector128<int> weights) => M.Dot(sum, bytes, weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Correct(Vector128<int> correction, Vector128<int> weights) =>
        Dp.IsSupported ? Dp.DotProduct(correction, Vector128.Create(sbyte.MinValue), weights.AsSByte()) : correction;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LoadBytes(byte* source) => Vector128.WidenLower(Vector128.WidenLower(
        Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(source)).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Vector128<int> value, byte* target)
    {
        if (Sse2.IsSupported)
        {
            Vector128<short> words = Sse2.PackSignedSaturate(value, value);
            Unsafe.WriteUnaligned(target, Sse2.PackUnsignedSaturate(words, words).AsUInt32().ToScalar());
        }
        else
        {
            Vector128<ushort> words = Vector128.Narrow(value.AsUInt32(), value.AsUInt32());
            Unsafe.WriteUnaligned(target, Vector128.Narrow(words, words).AsUInt32().ToScalar());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePixels(
        Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d, byte* first, byte* second, ByteTable? table)
    {
        StoreBytes(a, first);
        StoreBytes(b, first + Width);
        StoreBytes(c, second);
        StoreBytes(d, second + Width);
        if (table is null) return;
        table.Apply(first, 0, 1, 2 * Width);
        table.Apply(second, 0, 1, 2 * Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(
        byte* a, byte* b, byte* c, byte* d,
        out Vector128<int> first, out Vector128<int> second, out Vector128<int> third, out Vector128<int> fourth)
    {
        Vector128<byte> x = Vector128.Load(a), y = Vector128.Load(b), z = Vector128.Load(c), w = Vector128.Load(d);
        (Vector128<short> low, Vector128<short> high) = (Zip(x, y, false).AsInt16(), Zip(x, y, true).AsInt16());
        (Vector128<short> low2, Vector128<short> high2) = (Zip(z, w, false).AsInt16(), Zip(z, w, true).AsInt16());
        first = Zip(low, low2, false).AsInt32();
        second = Zip(low, low2, true).AsInt32();
        third = Zip(high, high2, false).AsInt32();
        fourth = Zip(high, high2, true).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(
        Vector128<int> first, Vector128<int> second, Vector128<int> third, Vector128<int> fourth, byte* target, ByteTable? table)
    {
        Vector128.Narrow(
            Vector128.Narrow(first.AsUInt32(), second.AsUInt32()), Vector128.Narrow(third.AsUInt32(), fourth.AsUInt32())).Store(target);
        table?.Apply(target, 0, 1, Vector128<byte>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Zip(Vector128<byte> a, Vector128<byte> b, bool upper)
    {
        if (AdvSimd.Arm64.IsSupported) return upper ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);
        return upper ? Sse2.UnpackHigh(a, b) : Sse2.UnpackLow(a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Zip(Vector128<short> a, Vector128<short> b, bool upper)
    {
        if (AdvSimd.Arm64.IsSupported) return upper ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);
        return upper ? Sse2.UnpackHigh(a, b) : Sse2.UnpackLow(a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(int* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, int* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> BroadcastFour(byte* source) => Vector128.Create(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> a, Vector128<int> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Subtract(Vector128<int> a, Vector128<int> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Multiply(Vector128<int> a, Vector128<int> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ShiftRight(Vector128<int> a, int count) => Vector128.ShiftRightArithmetic(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ToFloat(Vector128<int> value) => Vector128.ConvertToSingle(value).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyFloat(Vector128<int> a, Vector128<int> b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddFloat(Vector128<int> a, Vector128<int> b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    // Adding 1.5 · 2^23 leaves no bits for a fraction: the hardware's rounding to nearest does the work.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Round(Vector128<int> value, Vector128<int> low, Vector128<int> high, Vector128<int> zero)
    {
        Vector128<float> v = value.AsSingle(), minimum = low.AsSingle(), maximum = high.AsSingle();
        v = Vector128.ConditionalSelect(Vector128.GreaterThan(v, minimum), v, minimum);
        v = Vector128.ConditionalSelect(Vector128.LessThan(v, maximum), v, maximum);
        return (v + Vector128.Create(12582912f)).AsInt32() + zero;
    }
}
