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

    /// <summary>
    /// What the next tile will read: a cache line for each second step of the reduction is asked for, with vectors as long as a line for
    /// each. Any address will do.
    /// </summary>
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
        float* initial = t->Initial, residual = t->Residual;
        nint initialStride = t->InitialStride;
        c00 = S.Load(initial); if (Vectors.Value > 1) c01 = S.Load(initial + S.Width);
        if (Pixels.Value > 1) c10 = S.Load(initial + initialStride);
        if (Pixels.Value > 1 && Vectors.Value > 1) c11 = S.Load(initial + initialStride + S.Width);
        if (Pixels.Value > 2) c20 = S.Load(initial + (2 * initialStride));
        if (Pixels.Value > 2 && Vectors.Value > 1) c21 = S.Load(initial + (2 * initialStride) + S.Width);
        if (Pixels.Value > 3) c30 = S.Load(initial + (3 * initialStride));
        if (Pixels.Value > 3 && Vectors.Value > 1) c31 = S.Load(initial + (3 * initialStride) + S.Width);
        if (Pixels.Value > 4) c40 = S.Load(initial + (4 * initialStride));
        if (Pixels.Value > 4 && Vectors.Value > 1) c41 = S.Load(initial + (4 * initialStride) + S.Width);
        if (Pixels.Value > 5) c50 = S.Load(initial + (5 * initialStride));
        if (Pixels.Value > 5 && Vectors.Value > 1) c51 = S.Load(initial + (5 * initialStride) + S.Width);
        if (Pixels.Value > 6) c60 = S.Load(initial + (6 * initialStride));
        if (Pixels.Value > 6 && Vectors.Value > 1) c61 = S.Load(initial + (6 * initialStride) + S.Width);
        if (Pixels.Value > 7) c70 = S.Load(initial + (7 * initialStride));
        if (Pixels.Value > 7 && Vectors.Value > 1) c71 = S.Load(initial + (7 * initialStride) + S.Width);
        if (Pixels.Value > 8) c80 = S.Load(initial + (8 * initialStride));
        if (Pixels.Value > 8 && Vectors.Value > 1) c81 = S.Load(initial + (8 * initialStride) + S.Width);
        if (Pixels.Value > 9) c90 = S.Load(initial + (9 * initialStride));
        if (Pixels.Value > 9 && Vectors.Value > 1) c91 = S.Load(initial + (9 * initialStride) + S.Width);
        if (Pixels.Value > 10) ca0 = S.Load(initial + (10 * initialStride));
        if (Pixels.Value > 10 && Vectors.Value > 1) ca1 = S.Load(initial + (10 * initialStride) + S.Width);
        if (Pixels.Value > 11) cb0 = S.Load(initial + (11 * initialStride));
        if (Pixels.Value > 11 && Vectors.Value > 1) cb1 = S.Load(initial + (11 * initialStride) + S.Width);
        if (residual != null)
        {
            nint residualStride = t->ResidualStride;
            c00 = Plus(c00, residual, 0, residualStride, 0); if (Vectors.Value > 1) c01 = Plus(c01, residual, 0, residualStride, S.Width);
            if (Pixels.Value > 1) c10 = Plus(c10, residual, 1, residualStride, 0);
            if (Pixels.Value > 1 && Vectors.Value > 1) c11 = Plus(c11, residual, 1, residualStride, S.Width);
            if (Pixels.Value > 2) c20 = Plus(c20, residual, 2, residualStride, 0);
            if (Pixels.Value > 2 && Vectors.Value > 1) c21 = Plus(c21, residual, 2, residualStride, S.Width);
            if (Pixels.Value > 3) c30 = Plus(c30, residual, 3, residualStride, 0);
            if (Pixels.Value > 3 && Vectors.Value > 1) c31 = Plus(c31, residual, 3, residualStride, S.Width);
            if (Pixels.Value > 4) c40 = Plus(c40, residual, 4, residualStride, 0);
            if (Pixels.Value > 4 && Vectors.Value > 1) c41 = Plus(c41, residual, 4, residualStride, S.Width);
            if (Pixels.Value > 5) c50 = Plus(c50, residual, 5, residualStride, 0);
            if (Pixels.Value > 5 && Vectors.Value > 1) c51 = Plus(c51, residual, 5, residualStride, S.Width);
            if (Pixels.Value > 6) c60 = Plus(c60, residual, 6, residualStride, 0);
            if (Pixels.Value > 6 && Vectors.Value > 1) c61 = Plus(c61, residual, 6, residualStride, S.Width);
            if (Pixels.Value > 7) c70 = Plus(c70, residual, 7, residualStride, 0);
            if (Pixels.Value > 7 && Vectors.Value > 1) c71 = Plus(c71, residual, 7, residualStride, S.Width);
            if (Pixels.Value > 8) c80 = Plus(c80, residual, 8, residualStride, 0);
            if (Pixels.Value > 8 && Vectors.Value > 1) c81 = Plus(c81, residual, 8, residualStride, S.Width);
            if (Pixels.Value > 9) c90 = Plus(c90, residual, 9, residualStride, 0);
            if (Pixels.Value > 9 && Vectors.Value > 1) c91 = Plus(c91, residual, 9, residualStride, S.Width);
            if (Pixels.Value > 10) ca0 = Plus(ca0, residual, 10, residualStride, 0);
            if (Pixels.Value > 10 && Vectors.Value > 1) ca1 = Plus(ca1, residual, 10, residualStride, S.Width);
            if (Pixels.Value > 11) cb0 = Plus(cb0, residual, 11, residualStride, 0);
            if (Pixels.Value > 11 && Vectors.Value > 1) cb1 = Plus(cb1, residual, 11, residualStride, S.Width);
        }
        nint stride = t->InputStride, stride2 = 2 * stride;
        float* next = t->Next;
        Run* end = t->Runs + t->RunCount;
        for (Run* run = t->Runs; run < end; run++)
        {
            float* w = t->Weights + run->Weights;
            // Four bases and two strides address twelve pixels with few registers.
            float* a0 = t->Input + run->Input, a3 = a0 + stride + stride2, a6 = a3 + stride + stride2, a9 = a6 + stride + stride2;
            // Two steps at a time: the loop's own instructions would take slots from the products.
            for (nint k = run->Length; k > 0; k -= 2)
            {
                S.PrefetchFar(next);
                next += CpuTensor.Lanes;
                if (S.Width == CpuTensor.Lanes) { S.PrefetchFar(next); next += CpuTensor.Lanes; }
                V w0 = S.Load(w), w1 = Vectors.Value > 1 ? S.Load(w + S.Width) : w0, x;
                x = S.Broadcast(*a0); c00 = S.MultiplyAdd(x, w0, c00); if (Vectors.Value > 1) c01 = S.MultiplyAdd(x, w1, c01);
                if (Pixels.Value > 1) { x = S.Broadcast(*(a0 + stride)); c10 = S.MultiplyAdd(x, w0, c10); }
                if (Pixels.Value > 1 && Vectors.Value > 1) c11 = S.MultiplyAdd(x, w1, c11);
                if (Pixels.Value > 2) { x = S.Broadcast(*(a0 + stride2)); c20 = S.MultiplyAdd(x, w0, c20); }
                if (Pixels.Value > 2 && Vectors.Value > 1) c21 = S.MultiplyAdd(x, w1, c21);
                if (Pixels.Value > 3) { x = S.Broadcast(*a3); c30 = S.MultiplyAdd(x, w0, c30); }
                if (Pixels.Value > 3 && Vectors.Value > 1) c31 = S.MultiplyAdd(x, w1, c31);
                if (Pixels.Value > 4) { x = S.Broadcast(*(a3 + stride)); c40 = S.MultiplyAdd(x, w0, c40); }
                if (Pixels.Value > 4 && Vectors.Value > 1) c41 = S.MultiplyAdd(x, w1, c41);
                if (Pixels.Value > 5) { x = S.Broadcast(*(a3 + stride2)); c50 = S.MultiplyAdd(x, w0, c50); }
                if (Pixels.Value > 5 && Vectors.Value > 1) c51 = S.MultiplyAdd(x, w1, c51);
                if (Pixels.Value > 6) { x = S.Broadcast(*a6); c60 = S.MultiplyAdd(x, w0, c60); }
                if (Pixels.Value > 6 && Vectors.Value > 1) c61 = S.MultiplyAdd(x, w1, c61);
                if (Pixels.Value > 7) { x = S.Broadcast(*(a6 + stride)); c70 = S.MultiplyAdd(x, w0, c70); }
                if (Pixels.Value > 7 && Vectors.Value > 1) c71 = S.MultiplyAdd(x, w1, c71);
                if (Pixels.Value > 8) { x = S.Broadcast(*(a6 + stride2)); c80 = S.MultiplyAdd(x, w0, c80); }
                if (Pixels.Value > 8 && Vectors.Value > 1) c81 = S.MultiplyAdd(x, w1, c81);
                if (Pixels.Value > 9) { x = S.Broadcast(*a9); c90 = S.MultiplyAdd(x, w0, c90); }
                if (Pixels.Value > 9 && Vectors.Value > 1) c91 = S.MultiplyAdd(x, w1, c91);
                if (Pixels.Value > 10) { x = S.Broadcast(*(a9 + stride)); ca0 = S.MultiplyAdd(x, w0, ca0); }
                if (Pixels.Value > 10 && Vectors.Value > 1) ca1 = S.MultiplyAdd(x, w1, ca1);
                if (Pixels.Value > 11) { x = S.Broadcast(*(a9 + stride2)); cb0 = S.MultiplyAdd(x, w0, cb0); }
                if (Pixels.Value > 11 && Vectors.Value > 1) cb1 = S.MultiplyAdd(x, w1, cb1);
                if (k == 1) break;
                w0 = S.Load(w + (Vectors.Value * S.Width));
                w1 = Vectors.Value > 1 ? S.Load(w + (3 * S.Width)) : w0;
                x = S.Broadcast(*(a0 + 1)); c00 = S.MultiplyAdd(x, w0, c00); if (Vectors.Value > 1) c01 = S.MultiplyAdd(x, w1, c01);
                if (Pixels.Value > 1) { x = S.Broadcast(*(a0 + stride + 1)); c10 = S.MultiplyAdd(x, w0, c10); }
                if (Pixels.Value > 1 && Vectors.Value > 1) c11 = S.MultiplyAdd(x, w1, c11);
                if (Pixels.Value > 2) { x = S.Broadcast(*(a0 + stride2 + 1)); c20 = S.MultiplyAdd(x, w0, c20); }
                if (Pixels.Value > 2 && Vectors.Value > 1) c21 = S.MultiplyAdd(x, w1, c21);
                if (Pixels.Value > 3) { x = S.Broadcast(*(a3 + 1)); c30 = S.MultiplyAdd(x, w0, c30); }
                if (Pixels.Value > 3 && Vectors.Value > 1) c31 = S.MultiplyAdd(x, w1, c31);
                if (Pixels.Value > 4) { x = S.Broadcast(*(a3 + stride + 1)); c40 = S.MultiplyAdd(x, w0, c40); }
                if (Pixels.Value > 4 && Vectors.Value > 1) c41 = S.MultiplyAdd(x, w1, c41);
                if (Pixels.Value > 5) { x = S.Broadcast(*(a3 + stride2 + 1)); c50 = S.MultiplyAdd(x, w0, c50); }
                if (Pixels.Value > 5 && Vectors.Value > 1) c51 = S.MultiplyAdd(x, w1, c51);
                if (Pixels.Value > 6) { x = S.Broadcast(*(a6 + 1)); c60 = S.MultiplyAdd(x, w0, c60); }
                if (Pixels.Value > 6 && Vectors.Value > 1) c61 = S.MultiplyAdd(x, w1, c61);
                if (Pixels.Value > 7) { x = S.Broadcast(*(a6 + stride + 1)); c70 = S.MultiplyAdd(x, w0, c70); }
                if (Pixels.Value > 7 && Vectors.Value > 1) c71 = S.MultiplyAdd(x, w1, c71);
                if (Pixels.Value > 8) { x = S.Broadcast(*(a6 + stride2 + 1)); c80 = S.MultiplyAdd(x, w0, c80); }
                if (Pixels.Value > 8 && Vectors.Value > 1) c81 = S.MultiplyAdd(x, w1, c81);
                if (Pixels.Value > 9) { x = S.Broadcast(*(a9 + 1)); c90 = S.MultiplyAdd(x, w0, c90); }
                if (Pixels.Value > 9 && Vectors.Value > 1) c91 = S.MultiplyAdd(x, w1, c91);
                if (Pixels.Value > 10) { x = S.Broadcast(*(a9 + stride + 1)); ca0 = S.MultiplyAdd(x, w0, ca0); }
                if (Pixels.Value > 10 && Vectors.Value > 1) ca1 = S.MultiplyAdd(x, w1, ca1);
                if (Pixels.Value > 11) { x = S.Broadcast(*(a9 + stride2 + 1)); cb0 = S.MultiplyAdd(x, w0, cb0); }
                if (Pixels.Value > 11 && Vectors.Value > 1) cb1 = S.MultiplyAdd(x, w1, cb1);
                w += 2 * Vectors.Value * S.Width;
                a0 += 2;
                a3 += 2;
                a6 += 2;
                a9 += 2;
            }
        }
        // The second operand wins over NaN on x64: a NaN stays visible.
        V floor = S.Broadcast(t->Floor);
        float* output = t->Output;
        nint outputStride = t->OutputStride;
        S.Store(S.Max(floor, c00), output); if (Vectors.Value > 1) S.Store(S.Max(floor, c01), output + S.Width);
        if (Pixels.Value > 1) S.Store(S.Max(floor, c10), output + outputStride);
        if (Pixels.Value > 1 && Vectors.Value > 1) S.Store(S.Max(floor, c11), output + outputStride + S.Width);
        if (Pixels.Value > 2) S.Store(S.Max(floor, c20), output + (2 * outputStride));
        if (Pixels.Value > 2 && Vectors.Value > 1) S.Store(S.Max(floor, c21), output + (2 * outputStride) + S.Width);
        if (Pixels.Value > 3) S.Store(S.Max(floor, c30), output + (3 * outputStride));
        if (Pixels.Value > 3 && Vectors.Value > 1) S.Store(S.Max(floor, c31), output + (3 * outputStride) + S.Width);
        if (Pixels.Value > 4) S.Store(S.Max(floor, c40), output + (4 * outputStride));
        if (Pixels.Value > 4 && Vectors.Value > 1) S.Store(S.Max(floor, c41), output + (4 * outputStride) + S.Width);
        if (Pixels.Value > 5) S.Store(S.Max(floor, c50), output + (5 * outputStride));
        if (Pixels.Value > 5 && Vectors.Value > 1) S.Store(S.Max(floor, c51), output + (5 * outputStride) + S.Width);
        if (Pixels.Value > 6) S.Store(S.Max(floor, c60), output + (6 * outputStride));
        if (Pixels.Value > 6 && Vectors.Value > 1) S.Store(S.Max(floor, c61), output + (6 * outputStride) + S.Width);
        if (Pixels.Value > 7) S.Store(S.Max(floor, c70), output + (7 * outputStride));
        if (Pixels.Value > 7 && Vectors.Value > 1) S.Store(S.Max(floor, c71), output + (7 * outputStride) + S.Width);
        if (Pixels.Value > 8) S.Store(S.Max(floor, c80), output + (8 * outputStride));
        if (Pixels.Value > 8 && Vectors.Value > 1) S.Store(S.Max(floor, c81), output + (8 * outputStride) + S.Width);
        if (Pixels.Value > 9) S.Store(S.Max(floor, c90), output + (9 * outputStride));
        if (Pixels.Value > 9 && Vectors.Value > 1) S.Store(S.Max(floor, c91), output + (9 * outputStride) + S.Width);
        if (Pixels.Value > 10) S.Store(S.Max(floor, ca0), output + (10 * outputStride));
        if (Pixels.Value > 10 && Vectors.Value > 1) S.Store(S.Max(floor, ca1), output + (10 * outputStride) + S.Width);
        if (Pixels.Value > 11) S.Store(S.Max(floor, cb0), output + (11 * outputStride));
        if (Pixels.Value > 11 && Vectors.Value > 1) S.Store(S.Max(floor, cb1), output + (11 * outputStride) + S.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Plus(V sum, float* residual, int pixel, nint stride, int lane) =>
        S.Add(sum, S.Load(residual + (pixel * stride) + lane));
}
