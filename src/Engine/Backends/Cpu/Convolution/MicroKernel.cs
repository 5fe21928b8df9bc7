using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// A stretch of a reduction: <see cref="Length"/> consecutive input channels (or kernel columns times channels) of each
/// pixel of the tile, against as many rows of packed weights. Offsets are in floats.
/// </summary>
internal struct Run
{
    public nint Input;
    public nint Weights;
    public nint Length;
}

/// <summary>What one call of the micro-kernel reads and writes.</summary>
internal unsafe struct Tile
{
    public float* Input;
    public nint InputStride;
    public float* Weights;
    public Run* Runs;
    public int RunCount;

    /// <summary>What the sums start from: the bias (stride 0) or the sums so far.</summary>
    public float* Initial;
    public nint InitialStride;

    /// <summary>Added to the sums, or null.</summary>
    public float* Residual;
    public nint ResidualStride;
    public float* Output;
    public nint OutputStride;

    /// <summary>What the next tile will read: one cache line for each step of the reduction is asked for. Any address will do.</summary>
    public float* Next;

    /// <summary>Lower bound of what is stored: 0 for ReLU, −∞ for none.</summary>
    public float Floor;
}

/// <summary>
/// The heart of every convolution: a tile of up to 12 pixels times one or two vectors of output channels.
/// Layout: input pixel j starts at Input + j · InputStride; weights are packed as [reduction][panel], a panel being the
/// tile's vectors side by side. Each step broadcasts one input value per pixel and multiplies it with the panel's row. All
/// sums stay in registers (24 of 32 with AVX-512); each is added up in the order of the runs, whatever the tile's size, so
/// that results do not depend on how pixels fall into tiles.
/// </summary>
internal static unsafe class MicroKernel<S, V> where S : struct, ISimd<V> where V : struct
{
    private static readonly delegate*<Tile*, void>[] Narrow = [
        &Multiply<C1, C1>, &Multiply<C2, C1>, &Multiply<C3, C1>, &Multiply<C4, C1>, &Multiply<C5, C1>, &Multiply<C6, C1>,
        &Multiply<C7, C1>, &Multiply<C8, C1>, &Multiply<C9, C1>, &Multiply<C10, C1>, &Multiply<C11, C1>, &Multiply<C12, C1>,
    ];

    private static readonly delegate*<Tile*, void>[] Wide = [
        &Multiply<C1, C2>, &Multiply<C2, C2>, &Multiply<C3, C2>, &Multiply<C4, C2>, &Multiply<C5, C2>, &Multiply<C6, C2>,
        &Multiply<C7, C2>, &Multiply<C8, C2>, &Multiply<C9, C2>, &Multiply<C10, C2>, &Multiply<C11, C2>, &Multiply<C12, C2>,
    ];

    /// <summary>The kernel for a tile of the given pixels (1 to 12) and vectors (1 or 2).</summary>
    public static delegate*<Tile*, void> For(int pixels, int vectors) => (vectors == 1 ? Narrow : Wide)[pixels - 1];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<Pixels, Vectors>(Tile* t) where Pixels : struct, IConstant where Vectors : struct, IConstant
    {
        V c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default,
          c60 = default, c70 = default, c80 = default, c90 = default, ca0 = default, cb0 = default,
          c01 = default, c11 = default, c21 = default, c31 = default, c41 = default, c51 = default,
          c61 = default, c71 = default, c81 = default, c91 = default, ca1 = default, cb1 = default;
        c00 = Start(t, 0, 0); if (Vectors.Value > 1) c01 = Start(t, 0, S.Width);
        if (Pixels.Value > 1) { c10 = Start(t, 1, 0); if (Vectors.Value > 1) c11 = Start(t, 1, S.Width); }
        if (Pixels.Value > 2) { c20 = Start(t, 2, 0); if (Vectors.Value > 1) c21 = Start(t, 2, S.Width); }
        if (Pixels.Value > 3) { c30 = Start(t, 3, 0); if (Vectors.Value > 1) c31 = Start(t, 3, S.Width); }
        if (Pixels.Value > 4) { c40 = Start(t, 4, 0); if (Vectors.Value > 1) c41 = Start(t, 4, S.Width); }
        if (Pixels.Value > 5) { c50 = Start(t, 5, 0); if (Vectors.Value > 1) c51 = Start(t, 5, S.Width); }
        if (Pixels.Value > 6) { c60 = Start(t, 6, 0); if (Vectors.Value > 1) c61 = Start(t, 6, S.Width); }
        if (Pixels.Value > 7) { c70 = Start(t, 7, 0); if (Vectors.Value > 1) c71 = Start(t, 7, S.Width); }
        if (Pixels.Value > 8) { c80 = Start(t, 8, 0); if (Vectors.Value > 1) c81 = Start(t, 8, S.Width); }
        if (Pixels.Value > 9) { c90 = Start(t, 9, 0); if (Vectors.Value > 1) c91 = Start(t, 9, S.Width); }
        if (Pixels.Value > 10) { ca0 = Start(t, 10, 0); if (Vectors.Value > 1) ca1 = Start(t, 10, S.Width); }
        if (Pixels.Value > 11) { cb0 = Start(t, 11, 0); if (Vectors.Value > 1) cb1 = Start(t, 11, S.Width); }
        nint stride = t->InputStride, stride2 = 2 * stride;
        float* next = t->Next;
        Run* end = t->Runs + t->RunCount;
        for (Run* run = t->Runs; run < end; run++)
        {
            float* w = t->Weights + run->Weights;
            // Four bases and two strides address twelve pixels with few registers.
            float* a0 = t->Input + run->Input, a3 = a0 + stride + stride2, a6 = a3 + stride + stride2, a9 = a6 + stride + stride2;
            for (nint k = run->Length; k > 0; k--)
            {
                S.PrefetchFar(next);
                next += View.Lanes;
                V w0 = S.Load(w), w1 = Vectors.Value > 1 ? S.Load(w + S.Width) : w0, x;
                x = S.Broadcast(*a0); c00 = S.MultiplyAdd(x, w0, c00); if (Vectors.Value > 1) c01 = S.MultiplyAdd(x, w1, c01);
                if (Pixels.Value > 1) { x = S.Broadcast(*(a0 + stride)); c10 = S.MultiplyAdd(x, w0, c10); if (Vectors.Value > 1) c11 = S.MultiplyAdd(x, w1, c11); }
                if (Pixels.Value > 2) { x = S.Broadcast(*(a0 + stride2)); c20 = S.MultiplyAdd(x, w0, c20); if (Vectors.Value > 1) c21 = S.MultiplyAdd(x, w1, c21); }
                if (Pixels.Value > 3) { x = S.Broadcast(*a3); c30 = S.MultiplyAdd(x, w0, c30); if (Vectors.Value > 1) c31 = S.MultiplyAdd(x, w1, c31); }
                if (Pixels.Value > 4) { x = S.Broadcast(*(a3 + stride)); c40 = S.MultiplyAdd(x, w0, c40); if (Vectors.Value > 1) c41 = S.MultiplyAdd(x, w1, c41); }
                if (Pixels.Value > 5) { x = S.Broadcast(*(a3 + stride2)); c50 = S.MultiplyAdd(x, w0, c50); if (Vectors.Value > 1) c51 = S.MultiplyAdd(x, w1, c51); }
                if (Pixels.Value > 6) { x = S.Broadcast(*a6); c60 = S.MultiplyAdd(x, w0, c60); if (Vectors.Value > 1) c61 = S.MultiplyAdd(x, w1, c61); }
                if (Pixels.Value > 7) { x = S.Broadcast(*(a6 + stride)); c70 = S.MultiplyAdd(x, w0, c70); if (Vectors.Value > 1) c71 = S.MultiplyAdd(x, w1, c71); }
                if (Pixels.Value > 8) { x = S.Broadcast(*(a6 + stride2)); c80 = S.MultiplyAdd(x, w0, c80); if (Vectors.Value > 1) c81 = S.MultiplyAdd(x, w1, c81); }
                if (Pixels.Value > 9) { x = S.Broadcast(*a9); c90 = S.MultiplyAdd(x, w0, c90); if (Vectors.Value > 1) c91 = S.MultiplyAdd(x, w1, c91); }
                if (Pixels.Value > 10) { x = S.Broadcast(*(a9 + stride)); ca0 = S.MultiplyAdd(x, w0, ca0); if (Vectors.Value > 1) ca1 = S.MultiplyAdd(x, w1, ca1); }
                if (Pixels.Value > 11) { x = S.Broadcast(*(a9 + stride2)); cb0 = S.MultiplyAdd(x, w0, cb0); if (Vectors.Value > 1) cb1 = S.MultiplyAdd(x, w1, cb1); }
                w += Vectors.Value * S.Width;
                a0++;
                a3++;
                a6++;
                a9++;
            }
        }
        V floor = S.Broadcast(t->Floor);
        Finish(t, 0, 0, floor, c00); if (Vectors.Value > 1) Finish(t, 0, S.Width, floor, c01);
        if (Pixels.Value > 1) { Finish(t, 1, 0, floor, c10); if (Vectors.Value > 1) Finish(t, 1, S.Width, floor, c11); }
        if (Pixels.Value > 2) { Finish(t, 2, 0, floor, c20); if (Vectors.Value > 1) Finish(t, 2, S.Width, floor, c21); }
        if (Pixels.Value > 3) { Finish(t, 3, 0, floor, c30); if (Vectors.Value > 1) Finish(t, 3, S.Width, floor, c31); }
        if (Pixels.Value > 4) { Finish(t, 4, 0, floor, c40); if (Vectors.Value > 1) Finish(t, 4, S.Width, floor, c41); }
        if (Pixels.Value > 5) { Finish(t, 5, 0, floor, c50); if (Vectors.Value > 1) Finish(t, 5, S.Width, floor, c51); }
        if (Pixels.Value > 6) { Finish(t, 6, 0, floor, c60); if (Vectors.Value > 1) Finish(t, 6, S.Width, floor, c61); }
        if (Pixels.Value > 7) { Finish(t, 7, 0, floor, c70); if (Vectors.Value > 1) Finish(t, 7, S.Width, floor, c71); }
        if (Pixels.Value > 8) { Finish(t, 8, 0, floor, c80); if (Vectors.Value > 1) Finish(t, 8, S.Width, floor, c81); }
        if (Pixels.Value > 9) { Finish(t, 9, 0, floor, c90); if (Vectors.Value > 1) Finish(t, 9, S.Width, floor, c91); }
        if (Pixels.Value > 10) { Finish(t, 10, 0, floor, ca0); if (Vectors.Value > 1) Finish(t, 10, S.Width, floor, ca1); }
        if (Pixels.Value > 11) { Finish(t, 11, 0, floor, cb0); if (Vectors.Value > 1) Finish(t, 11, S.Width, floor, cb1); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start(Tile* t, int pixel, int lane)
    {
        V sum = S.Load(t->Initial + (pixel * t->InitialStride) + lane);
        return t->Residual == null ? sum : S.Add(sum, S.Load(t->Residual + (pixel * t->ResidualStride) + lane));
    }

    // The second operand wins over NaN on x64: a NaN stays visible.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish(Tile* t, int pixel, int lane, V floor, V sum) =>
        S.Store(S.Max(floor, sum), t->Output + (pixel * t->OutputStride) + lane);
}
