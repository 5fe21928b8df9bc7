using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>How 256-bit vectors are multiplied: by AVX-VNNI, or by pairs.</summary>
internal interface IProducts256
{
    static abstract Vector256<int> Dot(Vector256<int> sum, Vector256<int> bytes, Vector256<int> weights);
}

/// <summary>One instruction, of processors with AVX-VNNI.</summary>
internal readonly struct VnniProducts : IProducts256
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> bytes, Vector256<int> weights) =>
        AvxVnni.MultiplyWideningAndAdd(sum, bytes.AsByte(), weights.AsSByte());
}

/// <summary>Pairs in 16 bits, which weights of 7 bits do not exceed, then pairs of these.</summary>
internal readonly struct PairProducts : IProducts256
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> bytes, Vector256<int> weights) => sum + Avx2.MultiplyAddAdjacent(
        Avx2.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte()), Vector256.Create((short)1));
}

/// <summary>256-bit vectors: 12 of 16 registers hold sums, a tile of 6 pixels by 2 vectors.</summary>
internal readonly unsafe struct Dot256<M> : IDot<Vector256<int>> where M : struct, IProducts256
{
    public static int Width => 8;

    public static int TileRows => 6;

    public static bool IsCorrected => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<int> sum, Vector256<int> bytes, Vector256<int> weights) => M.Dot(sum, bytes, weights);

    public static Vector256<int> Correct(Vector256<int> correction, Vector256<int> weights) => correction;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadBytes(byte* source) => Avx2.ConvertToVector256Int32(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Vector256<int> value, byte* target)
    {
        Vector128<short> words = Sse2.PackSignedSaturate(value.GetLower(), value.GetUpper());
        Unsafe.WriteUnaligned(target, Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePixels(
        Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d, byte* first, byte* second, ByteTable? table)
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
        out Vector256<int> first, out Vector256<int> second, out Vector256<int> third, out Vector256<int> fourth)
    {
        Vector256<byte> x = Vector256.Load(a), y = Vector256.Load(b), z = Vector256.Load(c), w = Vector256.Load(d);
        Vector256<short> low = Avx2.UnpackLow(x, y).AsInt16(), high = Avx2.UnpackHigh(x, y).AsInt16();
        Vector256<short> low2 = Avx2.UnpackLow(z, w).AsInt16(), high2 = Avx2.UnpackHigh(z, w).AsInt16();
        first = Avx2.UnpackLow(low, low2).AsInt32();
        second = Avx2.UnpackHigh(low, low2).AsInt32();
        third = Avx2.UnpackLow(high, high2).AsInt32();
        fourth = Avx2.UnpackHigh(high, high2).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(
        Vector256<int> first, Vector256<int> second, Vector256<int> third, Vector256<int> fourth, byte* target, ByteTable? table)
    {
        Avx2.PackUnsignedSaturate(Avx2.PackSignedSaturate(first, second), Avx2.PackSignedSaturate(third, fourth)).Store(target);
        table?.Apply(target, 0, 1, Vector256<byte>.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(int* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> value, int* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> BroadcastFour(byte* source) => Vector256.Create(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> a, Vector256<int> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Subtract(Vector256<int> a, Vector256<int> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Multiply(Vector256<int> a, Vector256<int> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftRight(Vector256<int> a, int count) => Vector256.ShiftRightArithmetic(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ToFloat(Vector256<int> value) => Vector256.ConvertToSingle(value).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplyFloat(Vector256<int> a, Vector256<int> b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddFloat(Vector256<int> a, Vector256<int> b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    // Adding 1.5 · 2^23 leaves no bits for a fraction: the hardware's rounding to nearest does the work.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Round(Vector256<int> value, Vector256<int> low, Vector256<int> high, Vector256<int> zero)
    {
        Vector256<float> v = value.AsSingle(), minimum = low.AsSingle(), maximum = high.AsSingle();
        v = Avx.Min(Avx.Max(v, minimum), maximum);
        return (v + Vector256.Create(12582912f)).AsInt32() + zero;
    }
}
