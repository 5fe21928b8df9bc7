using System.Runtime.CompilerServices;

namespace LungSeg.Engine.Backends.Cpu.Simd;

/// <summary>
/// Sums in <see cref="CpuTensor.Lanes"/> lanes, of one, two or four vectors: a long sum is added up in the same order, whatever the width
/// of the vectors.
/// </summary>
internal unsafe struct WideSum<S, V> where S : struct, ISimd<V> where V : struct
{
    private V _a, _b, _c, _d;

    /// <summary>Vectors that make <see cref="CpuTensor.Lanes"/> lanes.</summary>
    public static int Vectors => CpuTensor.Lanes / S.Width;

    /// <summary>Adds the products of as many numbers as there are lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProducts(float* x, float* y)
    {
        _a = S.MultiplyAdd(S.Load(x), S.Load(y), _a);
        if (Vectors > 1) _b = S.MultiplyAdd(S.Load(x + S.Width), S.Load(y + S.Width), _b);
        if (Vectors <= 2) return;
        _c = S.MultiplyAdd(S.Load(x + (2 * S.Width)), S.Load(y + (2 * S.Width)), _c);
        _d = S.MultiplyAdd(S.Load(x + (3 * S.Width)), S.Load(y + (3 * S.Width)), _d);
    }

    /// <summary>Adds as many numbers as there are lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float* x)
    {
        _a = S.Add(_a, S.Load(x));
        if (Vectors > 1) _b = S.Add(_b, S.Load(x + S.Width));
        if (Vectors <= 2) return;
        _c = S.Add(_c, S.Load(x + (2 * S.Width)));
        _d = S.Add(_d, S.Load(x + (3 * S.Width)));
    }

    /// <summary>The sum of all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Total() => S.Sum(Fold(_a, _b, _c, _d));

    /// <summary>
    /// Adds up vectors that make <see cref="CpuTensor.Lanes"/> lanes to one, as <see cref="ISimd{V}.Sum"/> halves a wider one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Fold(V a, V b, V c, V d) => Vectors switch
    {
        1 => a,
        2 => S.Add(a, b),
        _ => S.Add(S.Add(a, c), S.Add(b, d)),
    };
}
