using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.MachineCode.Abi;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// The heart of every integer convolution: a tile of up to 12 pixels times one or two vectors of output channels, as
/// <see cref="Convolution.MicroKernel{S,V}"/>. Each step broadcasts 4 input bytes of a pixel and multiplies them with 4 weights of each
/// output.
/// </summary>
internal static unsafe class Int8MicroKernel<D, W> where D : struct, IDot<W> where W : struct
{
    private static readonly delegate*<Int8Tile*, void>[] Narrow = [
        &Multiply<C1, C1>, &Multiply<C2, C1>, &Multiply<C3, C1>, &Multiply<C4, C1>, &Multiply<C5, C1>, &Multiply<C6, C1>,
        &Multiply<C7, C1>, &Multiply<C8, C1>, &Multiply<C9, C1>, &Multiply<C10, C1>, &Multiply<C11, C1>, &Multiply<C12, C1>,
    ];

    private static readonly delegate*<Int8Tile*, void>[] Wide = [
        &Multiply<C1, C2>, &Multiply<C2, C2>, &Multiply<C3, C2>, &Multiply<C4, C2>, &Multiply<C5, C2>, &Multiply<C6, C2>,
        &Multiply<C7, C2>, &Multiply<C8, C2>, &Multiply<C9, C2>, &Multiply<C10, C2>, &Multiply<C11, C2>, &Multiply<C12, C2>,
    ];

    /// <summary>The kernel for a tile of the given pixels (1 to 12) and vectors (1 or 2).</summary>
    public static delegate*<Int8Tile*, void> For(int pixels, int vectors) => (vectors == 1 ? Narrow : Wide)[pixels - 1];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<Pixels, Vectors>(Int8Tile* t) where Pixels : struct, IConstant where Vectors : struct, IConstant
    {
        W c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default,
          c60 = default, c70 = default, c80 = default, c90 = default, ca0 = default, cb0 = default,
          c01 = default, c11 = default, c21 = default, c31 = default, c41 = default, c51 = default,
          c61 = default, c71 = default, c81 = default, c91 = default, ca1 = default, cb1 = default;
        W r0 = default, r1 = default;
        nint stride = t->InputStride, stride2 = 2 * stride;
        Int8Run* end = t->Runs + t->RunCount;
        for (Int8Run* run = t->Runs; run < end; run++)
        {
            sbyte* w = t->Weights + run->Weights;
            // Four bases and two strides address twelve pixels with few registers.
            byte* a0 = t->Input + run->Input, a3 = a0 + stride + stride2, a6 = a3 + stride + stride2, a9 = a6 + stride + stride2;
            for (nint k = run->Length; k > 0; k--)
            {
                W w0 = D.Load((int*)w), w1 = Vectors.Value > 1 ? D.Load((int*)w + D.Width) : w0, x;
                x = D.BroadcastFour(a0); c00 = D.Dot(c00, x, w0); if (Vectors.Value > 1) c01 = D.Dot(c01, x, w1);
                if (Pixels.Value > 1)
                {
                    x = D.BroadcastFour(a0 + stride);
                    c10 = D.Dot(c10, x, w0);
                    if (Vectors.Value > 1) c11 = D.Dot(c11, x, w1);
                }
                if (Pixels.Value > 2)
                {
                    x = D.BroadcastFour(a0 + stride2);
                    c20 = D.Dot(c20, x, w0);
                    if (Vectors.Value > 1) c21 = D.Dot(c21, x, w1);
                }
                if (Pixels.Value > 3)
                {
                    x = D.BroadcastFour(a3);
                    c30 = D.Dot(c30, x, w0);
                    if (Vectors.Value > 1) c31 = D.Dot(c31, x, w1);
                }
                if (Pixels.Value > 4)
                {
                    x = D.BroadcastFour(a3 + stride);
                    c40 = D.Dot(c40, x, w0);
                    if (Vectors.Value > 1) c41 = D.Dot(c41, x, w1);
                }
                if (Pixels.Value > 5)
                {
                    x = D.BroadcastFour(a3 + stride2);
                    c50 = D.Dot(c50, x, w0);
                    if (Vectors.Value > 1) c51 = D.Dot(c51, x, w1);
                }
                if (Pixels.Value > 6)
                {
                    x = D.BroadcastFour(a6);
                    c60 = D.Dot(c60, x, w0);
                    if (Vectors.Value > 1) c61 = D.Dot(c61, x, w1);
                }
                if (Pixels.Value > 7)
                {
                    x = D.BroadcastFour(a6 + stride);
                    c70 = D.Dot(c70, x, w0);
                    if (Vectors.Value > 1) c71 = D.Dot(c71, x, w1);
                }
                if (Pixels.Value > 8)
                {
                    x = D.BroadcastFour(a6 + stride2);
                    c80 = D.Dot(c80, x, w0);
                    if (Vectors.Value > 1) c81 = D.Dot(c81, x, w1);
                }
                if (Pixels.Value > 9)
                {
                    x = D.BroadcastFour(a9);
                    c90 = D.Dot(c90, x, w0);
                    if (Vectors.Value > 1) c91 = D.Dot(c91, x, w1);
                }
                if (Pixels.Value > 10)
                {
                    x = D.BroadcastFour(a9 + stride);
                    ca0 = D.Dot(ca0, x, w0);
                    if (Vectors.Value > 1) ca1 = D.Dot(ca1, x, w1);
                }
                if (Pixels.Value > 11)
                {
                    x = D.BroadcastFour(a9 + stride2);
                    cb0 = D.Dot(cb0, x, w0);
                    if (Vectors.Value > 1) cb1 = D.Dot(cb1, x, w1);
                }
                if (D.IsCorrected)
                {
                    r0 = D.Correct(r0, w0);
                    if (Vectors.Value > 1) r1 = D.Correct(r1, w1);
                }
                w += 4 * Vectors.Value * D.Width;
                a0 += 4;
                a3 += 4;
                a6 += 4;
                a9 += 4;
            }
        }
        if (D.IsCorrected)
        {
            r0 = D.Subtract(D.Broadcast(0), r0);
            if (Vectors.Value > 1) r1 = D.Subtract(D.Broadcast(0), r1);
        }
        int* initial = t->Initial, sums = t->Sums;
        nint initialStride = t->InitialStride, sumsStride = t->SumsStride;
        Put(c00, r0, initial, sums); if (Vectors.Value > 1) Put(c01, r1, initial + D.Width, sums + D.Width);
        if (Pixels.Value > 1)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c10, r0, initial, sums);
            if (Vectors.Value > 1) Put(c11, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 2)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c20, r0, initial, sums);
            if (Vectors.Value > 1) Put(c21, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 3)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c30, r0, initial, sums);
            if (Vectors.Value > 1) Put(c31, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 4)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c40, r0, initial, sums);
            if (Vectors.Value > 1) Put(c41, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 5)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c50, r0, initial, sums);
            if (Vectors.Value > 1) Put(c51, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 6)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c60, r0, initial, sums);
            if (Vectors.Value > 1) Put(c61, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 7)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c70, r0, initial, sums);
            if (Vectors.Value > 1) Put(c71, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 8)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c80, r0, initial, sums);
            if (Vectors.Value > 1) Put(c81, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 9)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(c90, r0, initial, sums);
            if (Vectors.Value > 1) Put(c91, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 10)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(ca0, r0, initial, sums);
            if (Vectors.Value > 1) Put(ca1, r1, initial + D.Width, sums + D.Width);
        }
        if (Pixels.Value > 11)
        {
            initial += initialStride;
            sums += sumsStride;
            Put(cb0, r0, initial, sums);
            if (Vectors.Value > 1) Put(cb1, r1, initial + D.Width, sums + D.Width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(W sum, W correction, int* initial, int* target)
    {
        sum = D.Add(sum, D.Load(initial));
        D.Store(D.IsCorrected ? D.Add(sum, correction) : sum, target);
    }
}
