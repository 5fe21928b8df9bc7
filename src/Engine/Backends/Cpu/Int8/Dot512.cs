using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// 512-bit vectors. The managed product is of pairs, since .NET has no AVX512_VNNI; machine code takes its place in convolutions.
/// </summary>
internal readonly unsafe struct Dot512 : IDot<Vector512<int>>
{
    public static int Width => 16;

    public static int TileRows => 12;

    public static bool IsCorrected => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Dot(Vector512<int> sum, Vector512<int> bytes, Vector512<int> weights) =>
        sum + Avx512BW.MultiplyAddAdjacent(
            Avx512BW.MultiplyAddAdjacent(bytes.AsByte(), weights.AsSByte()), Vector512.Create((short)1));

    public static Vector512<int> Correct(Vector512<int> correction, Vector512<int> weights) => correction;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> LoadBytes(byte* source) => Avx512F.ConvertToVector512Int32(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Vector512<int> value, byte* target) => Avx512F.ConvertToVector128Byte(value.AsUInt32()).Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePixels(
        Vector512<int> a, Vector512<int> b, Vector512<int> c, Vector512<int> d, byte* first, byte* second, ByteTable? table)
    {
        Vector512<byte> mixed = Avx512BW.PackUnsignedSaturate(Avx512BW.PackSignedSaturate(a, b), Avx512BW.PackSignedSaturate(c, d));
        // Fours of bytes, for each quarter of the vectors a, b, c and d.
        Vector512<byte> bytes = Avx512F.PermuteVar16x32(
            mixed.AsInt32(), Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte();
        if (table is not null) bytes = table.Of(bytes);
        bytes.GetLower().Store(first);
        bytes.GetUpper().Store(second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(
        byte* a, byte* b, byte* c, byte* d,
        out Vector512<int> first, out Vector512<int> second, out Vector512<int> third, out Vector512<int> fourth)
    {
        Vector512<byte> x = Vector512.Load(a), y = Vector512.Load(b), z = Vector512.Load(c), w = Vector512.Load(d);
        Vector512<short> low = Avx512BW.UnpackLow(x, y).AsInt16(), high = Avx512BW.UnpackHigh(x, y).AsInt16();
        Vector512<short> low2 = Avx512BW.UnpackLow(z, w).AsInt16(), high2 = Avx512BW.UnpackHigh(z, w).AsInt16();
        first = Avx512BW.UnpackLow(low, low2).AsInt32();
        second = Avx512BW.UnpackHigh(low, low2).AsInt32();
        third = Avx512BW.UnpackLow(high, high2).AsInt32();
        fourth = Avx512BW.UnpackHigh(high, high2).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(
        Vector512<int> first, Vector512<int> second, Vector512<int> third, Vector512<int> fourth, byte* target, ByteTable? table)
    {
        Vector512<byte> bytes = Avx512BW.PackUnsignedSaturate(
            Avx512BW.PackSignedSaturate(first, second), Avx512BW.PackSignedSaturate(third, fourth));
        (table is null ? bytes : table.Of(bytes)).Store(target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(int* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, int* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(int value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> BroadcastFour(byte* source) => Vector512.Create(Unsafe.ReadUnaligned<int>(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> a, Vector512<int> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Subtract(Vector512<int> a, Vector512<int> b) => a - b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Multiply(Vector512<int> a, Vector512<int> b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> ShiftRight(Vector512<int> a, int count) => Vector512.ShiftRightArithmetic(a, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> ToFloat(Vector512<int> value) => Vector512.ConvertToSingle(value).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyFloat(Vector512<int> a, Vector512<int> b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddFloat(Vector512<int> a, Vector512<int> b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    // Adding 1.5 · 2^23 leaves no bits for a fraction: the hardware's rounding to nearest does the work.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Round(Vector512<int> value, Vector512<int> low, Vector512<int> high, Vector512<int> zero)
    {
        Vector512<float> v = value.AsSingle(), minimum = low.AsSingle(), maximum = high.AsSingle();
        v = Avx512F.Min(Avx512F.Max(v, minimum), maximum);
        return (v + Vector512.Create(12582912f)).AsInt32() + zero;
    }
}
