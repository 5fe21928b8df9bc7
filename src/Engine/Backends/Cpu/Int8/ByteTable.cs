using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>A function of a byte, by its 256 results.</summary>
internal sealed unsafe class ByteTable
{
    private readonly AlignedValues<byte> _results;

    public ByteTable(byte[] results) => _results = new AlignedValues<byte>(results);

    private byte* Results => _results.Data;

    /// <summary>The results of 64 bytes, in registers where the processor can look them up there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<byte> Of(Vector512<byte> bytes)
    {
        byte* results = Results;
        if (Avx512Vbmi.IsSupported)
        {
            return Permute(
                bytes, Vector512.Load(results), Vector512.Load(results + 64), Vector512.Load(results + 128), Vector512.Load(results + 192));
        }
        Apply((byte*)&bytes, 0, 1, Vector512<byte>.Count);
        return bytes;
    }

    /// <summary>Replaces so many bytes in each of some rows, so many bytes apart, by their results. Nothing past them is touched.</summary>
    public void Apply(byte* data, nint stride, int rows, nint count) => Apply(data, data, stride, rows, count);

    /// <summary>The same from one place to another with rows as far apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(byte* source, byte* target, nint stride, int rows, nint count)
    {
        byte* results = Results;
        bool vectors = Avx512Vbmi.IsSupported && count >= Vector128<byte>.Count;
        Vector512<byte> a = default, b = default, c = default, d = default;
        if (vectors)
        {
            a = Vector512.Load(results);
            b = Vector512.Load(results + 64);
            c = Vector512.Load(results + 128);
            d = Vector512.Load(results + 192);
        }
        for (int row = 0; row < rows; row++, source += stride, target += stride)
        {
            nint i = 0;
            if (vectors)
            {
                for (; i + Vector512<byte>.Count <= count; i += Vector512<byte>.Count)
                    Permute(Vector512.Load(source + i), a, b, c, d).Store(target + i);
                for (; i + Vector256<byte>.Count <= count; i += Vector256<byte>.Count)
                    Permute(Vector256.Load(source + i).ToVector512Unsafe(), a, b, c, d).GetLower().Store(target + i);
                for (; i + Vector128<byte>.Count <= count; i += Vector128<byte>.Count)
                {
                    Vector512<byte> index = Vector128.Load(source + i).ToVector256Unsafe().ToVector512Unsafe();
                    Permute(index, a, b, c, d).GetLower().GetLower().Store(target + i);
                }
            }
            for (; i < count; i++) target[i] = results[source[i]];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Permute(
        Vector512<byte> index, Vector512<byte> a, Vector512<byte> b, Vector512<byte> c, Vector512<byte> d)
    {
        Vector512<byte> low = Avx512Vbmi.PermuteVar64x8x2(a, index, b), high = Avx512Vbmi.PermuteVar64x8x2(c, index, d);
        return Vector512.ConditionalSelect(Vector512.LessThan(index.AsSByte(), Vector512<sbyte>.Zero).AsByte(), high, low);
    }
}
