using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// The heart of a depthwise convolution: tiles of eight output pixels by one vector of channels, held in registers over all
/// taps, and single pixels for what is left of a row. Each pixel adds up its taps in the same order whichever computes it.
/// </summary>
internal static unsafe class DepthwiseTile<S, V> where S : struct, ISimd<V> where V : struct
{
    public const int Pixels = 8;

    /// <summary>Any window: each tap loads its eight pixels.</summary>
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tiles<F>(in DepthwiseTaps t, int tiles) where F : struct, IConstant
    {
        float* sums = stackalloc float[Pixels * CpuTensor.Lanes];
        nint p1 = t.PixelStep, p2 = 2 * p1, p3 = 3 * p1, columnStep = t.ColumnStep, weightStep = t.WeightStep;
        for (int tile = 0; tile < tiles; tile++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V bias = S.Load(t.Bias + c);
                V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (tile * Pixels * p1) + c, w = t.Weights + ((nint)r * t.Columns * weightStep) + c;
                    for (int s = t.Columns; s > 0; s--, x += columnStep, w += weightStep)
                    {
                        V weight = S.Load(w);
                        float* y = x + p3 + p1;
                        a0 = S.MultiplyAdd(S.Load(x), weight, a0);
                        a1 = S.MultiplyAdd(S.Load(x + p1), weight, a1);
                        a2 = S.MultiplyAdd(S.Load(x + p2), weight, a2);
                        a3 = S.MultiplyAdd(S.Load(x + p3), weight, a3);
                        a4 = S.MultiplyAdd(S.Load(y), weight, a4);
                        a5 = S.MultiplyAdd(S.Load(y + p1), weight, a5);
                        a6 = S.MultiplyAdd(S.Load(y + p2), weight, a6);
                        a7 = S.MultiplyAdd(S.Load(y + p3), weight, a7);
                    }
                }
                Finish<F>(t.Output + (tile * Pixels * t.OutputStep) + c, t.OutputStep, a0, a1, a2, a3, a4, a5, a6, a7, sums);
            }
        }
    }

    /// <summary>
    /// Windows of three or five columns whose pixels are as far apart as their taps: each loaded value meets all taps that see it.
    /// </summary>
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Adjacent<F, Taps>(in DepthwiseTaps t, int tiles) where F : struct, IConstant where Taps : struct, IConstant
    {
        float* sums = stackalloc float[Pixels * CpuTensor.Lanes];
        bool five = Taps.Value == 5;
        nint p = t.ColumnStep, weightStep = t.WeightStep;
        for (int tile = 0; tile < tiles; tile++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V bias = S.Load(t.Bias + c), v;
                V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (tile * Pixels * t.PixelStep) + c,
                        w = t.Weights + ((nint)r * Taps.Value * weightStep) + c;
                    V w0 = S.Load(w), w1 = S.Load(w + weightStep), w2 = S.Load(w + (2 * weightStep));
                    V w3 = five ? S.Load(w + (3 * weightStep)) : w0, w4 = five ? S.Load(w + (4 * weightStep)) : w0;
                    v = S.Load(x); a0 = S.MultiplyAdd(v, w0, a0);
                    v = S.Load(x += p); a1 = S.MultiplyAdd(v, w0, a1); a0 = S.MultiplyAdd(v, w1, a0);
                    v = S.Load(x += p); a2 = S.MultiplyAdd(v, w0, a2); a1 = S.MultiplyAdd(v, w1, a1); a0 = S.MultiplyAdd(v, w2, a0);
                    v = S.Load(x += p); a3 = S.MultiplyAdd(v, w0, a3); a2 = S.MultiplyAdd(v, w1, a2); a1 = S.MultiplyAdd(v, w2, a1);
                    if (five) a0 = S.MultiplyAdd(v, w3, a0);
                    v = S.Load(x += p); a4 = S.MultiplyAdd(v, w0, a4); a3 = S.MultiplyAdd(v, w1, a3); a2 = S.MultiplyAdd(v, w2, a2);
                    if (five) { a1 = S.MultiplyAdd(v, w3, a1); a0 = S.MultiplyAdd(v, w4, a0); }
                    v = S.Load(x += p); a5 = S.MultiplyAdd(v, w0, a5); a4 = S.MultiplyAdd(v, w1, a4); a3 = S.MultiplyAdd(v, w2, a3);
                    if (five) { a2 = S.MultiplyAdd(v, w3, a2); a1 = S.MultiplyAdd(v, w4, a1); }
                    v = S.Load(x += p); a6 = S.MultiplyAdd(v, w0, a6); a5 = S.MultiplyAdd(v, w1, a5); a4 = S.MultiplyAdd(v, w2, a4);
                    if (five) { a3 = S.MultiplyAdd(v, w3, a3); a2 = S.MultiplyAdd(v, w4, a2); }
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w0, a7); a6 = S.MultiplyAdd(v, w1, a6); a5 = S.MultiplyAdd(v, w2, a5);
                    if (five) { a4 = S.MultiplyAdd(v, w3, a4); a3 = S.MultiplyAdd(v, w4, a3); }
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w1, a7); a6 = S.MultiplyAdd(v, w2, a6);
                    if (five) { a5 = S.MultiplyAdd(v, w3, a5); a4 = S.MultiplyAdd(v, w4, a4); }
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w2, a7);
                    if (five) { a6 = S.MultiplyAdd(v, w3, a6); a5 = S.MultiplyAdd(v, w4, a5); }
                    if (five) { v = S.Load(x += p); a7 = S.MultiplyAdd(v, w3, a7); a6 = S.MultiplyAdd(v, w4, a6); }
                    if (five) { v = S.Load(x += p); a7 = S.MultiplyAdd(v, w4, a7); }
                }
                Finish<F>(t.Output + (tile * Pixels * t.OutputStep) + c, t.OutputStep, a0, a1, a2, a3, a4, a5, a6, a7, sums);
            }
        }
    }

    /// <summary>The same for pixels twice as far apart as their taps (stride 2).</summary>
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Alternate<F, Taps>(in DepthwiseTaps t, int tiles) where F : struct, IConstant where Taps : struct, IConstant
    {
        float* sums = stackalloc float[Pixels * CpuTensor.Lanes];
        bool five = Taps.Value == 5;
        nint p = t.ColumnStep, weightStep = t.WeightStep;
        for (int tile = 0; tile < tiles; tile++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V bias = S.Load(t.Bias + c), v;
                V a0 = bias, a1 = bias, a2 = bias, a3 = bias, a4 = bias, a5 = bias, a6 = bias, a7 = bias;
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (tile * Pixels * t.PixelStep) + c,
                        w = t.Weights + ((nint)r * Taps.Value * weightStep) + c;
                    V w0 = S.Load(w), w1 = S.Load(w + weightStep), w2 = S.Load(w + (2 * weightStep));
                    V w3 = five ? S.Load(w + (3 * weightStep)) : w0, w4 = five ? S.Load(w + (4 * weightStep)) : w0;
                    v = S.Load(x); a0 = S.MultiplyAdd(v, w0, a0);
                    v = S.Load(x += p); a0 = S.MultiplyAdd(v, w1, a0);
                    v = S.Load(x += p); a1 = S.MultiplyAdd(v, w0, a1); a0 = S.MultiplyAdd(v, w2, a0);
                    v = S.Load(x += p); a1 = S.MultiplyAdd(v, w1, a1);
                    if (five) a0 = S.MultiplyAdd(v, w3, a0);
                    v = S.Load(x += p); a2 = S.MultiplyAdd(v, w0, a2); a1 = S.MultiplyAdd(v, w2, a1);
                    if (five) a0 = S.MultiplyAdd(v, w4, a0);
                    v = S.Load(x += p); a2 = S.MultiplyAdd(v, w1, a2);
                    if (five) a1 = S.MultiplyAdd(v, w3, a1);
                    v = S.Load(x += p); a3 = S.MultiplyAdd(v, w0, a3); a2 = S.MultiplyAdd(v, w2, a2);
                    if (five) a1 = S.MultiplyAdd(v, w4, a1);
                    v = S.Load(x += p); a3 = S.MultiplyAdd(v, w1, a3);
                    if (five) a2 = S.MultiplyAdd(v, w3, a2);
                    v = S.Load(x += p); a4 = S.MultiplyAdd(v, w0, a4); a3 = S.MultiplyAdd(v, w2, a3);
                    if (five) a2 = S.MultiplyAdd(v, w4, a2);
                    v = S.Load(x += p); a4 = S.MultiplyAdd(v, w1, a4);
                    if (five) a3 = S.MultiplyAdd(v, w3, a3);
                    v = S.Load(x += p); a5 = S.MultiplyAdd(v, w0, a5); a4 = S.MultiplyAdd(v, w2, a4);
                    if (five) a3 = S.MultiplyAdd(v, w4, a3);
                    v = S.Load(x += p); a5 = S.MultiplyAdd(v, w1, a5);
                    if (five) a4 = S.MultiplyAdd(v, w3, a4);
                    v = S.Load(x += p); a6 = S.MultiplyAdd(v, w0, a6); a5 = S.MultiplyAdd(v, w2, a5);
                    if (five) a4 = S.MultiplyAdd(v, w4, a4);
                    v = S.Load(x += p); a6 = S.MultiplyAdd(v, w1, a6);
                    if (five) a5 = S.MultiplyAdd(v, w3, a5);
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w0, a7); a6 = S.MultiplyAdd(v, w2, a6);
                    if (five) a5 = S.MultiplyAdd(v, w4, a5);
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w1, a7);
                    if (five) a6 = S.MultiplyAdd(v, w3, a6);
                    v = S.Load(x += p); a7 = S.MultiplyAdd(v, w2, a7);
                    if (five) a6 = S.MultiplyAdd(v, w4, a6);
                    if (five) { v = S.Load(x += p); a7 = S.MultiplyAdd(v, w3, a7); }
                    if (five) { v = S.Load(x += p); a7 = S.MultiplyAdd(v, w4, a7); }
                }
                Finish<F>(t.Output + (tile * Pixels * t.OutputStep) + c, t.OutputStep, a0, a1, a2, a3, a4, a5, a6, a7, sums);
            }
        }
    }

    /// <summary>Pixel by pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Singles<F>(in DepthwiseTaps t, int pixels) where F : struct, IConstant
    {
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int c = 0; c < t.Channels; c += S.Width)
            {
                V sum = S.Load(t.Bias + c);
                for (int r = t.FirstRow; r < t.EndRow; r++)
                {
                    float* x = t.Rows[r] + t.Column + (pixel * t.PixelStep) + c, w = t.Weights + ((nint)r * t.Columns * t.WeightStep) + c;
                    for (int s = t.Columns; s > 0; s--, x += t.ColumnStep, w += t.WeightStep)
                        sum = S.MultiplyAdd(S.Load(x), S.Load(w), sum);
                }
                S.Store(Activate<F>(sum), t.Output + (pixel * t.OutputStep) + c);
            }
        }
    }

    // A long activation wants registers of its own: where there are few, the sums wait in memory for it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<F>(float* output, nint step, V a0, V a1, V a2, V a3, V a4, V a5, V a6, V a7, float* sums)
        where F : struct, IConstant
    {
        if (S.TileRows < Pixels && Epilogue<S, V>.IsNeeded((Activation)F.Value))
        {
            Store(sums, S.Width, a0, a1, a2, a3, a4, a5, a6, a7);
            Activate<F>(sums, output, step);
        }
        else
        {
            Store(output, step, Activate<F>(a0), Activate<F>(a1), Activate<F>(a2), Activate<F>(a3), Activate<F>(a4), Activate<F>(a5),
                Activate<F>(a6), Activate<F>(a7));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* output, nint step, V a0, V a1, V a2, V a3, V a4, V a5, V a6, V a7)
    {
        S.Store(a0, output);
        S.Store(a1, output += step);
        S.Store(a2, output += step);
        S.Store(a3, output += step);
        S.Store(a4, output += step);
        S.Store(a5, output += step);
        S.Store(a6, output += step);
        S.Store(a7, output + step);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Activate<F>(float* sums, float* output, nint step) where F : struct, IConstant
    {
        for (int pixel = 0; pixel < Pixels; pixel++, sums += S.Width, output += step)
            S.Store(Activate<F>(S.Load(sums)), output);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Activate<F>(V sum) where F : struct, IConstant => Elementary<S, V>.Activate(sum, (Activation)F.Value);
}
