using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// A row of a convolution to one channel: for each pixel a dot product of its window, in runs, with the weights, vectors running along
/// the channels, some pixels at a time. A pixel's bits depend neither on those beside it nor on the width of the vectors.
/// </summary>
internal sealed unsafe class SingleOutputRow<S, V>(NativeMemoryBlock packed, int taps, int channels, Activation activation)
    where S : struct, ISimd<V> where V : struct
{
    private readonly float _bias = packed.Data[(nint)taps * channels];

    // Whether whole sums cover each run.
    private readonly bool _isWhole = channels % CpuTensor.Lanes == 0;

    // Eight vectors hold the sums of so many pixels.
    private static int PixelsAtOnce => 8 / WideSum<S, V>.Vectors;

    /// <summary>Packs weights [1, C, R, S] as [R][S][C], the bias behind them.</summary>
    public static NativeMemoryBlock Pack(ConvWeights weights)
    {
        int taps = weights.R * weights.S;
        var packed = new NativeMemoryBlock((nint)(taps * weights.C) + 1);
        for (int c = 0; c < weights.C; c++)
        {
            for (int tap = 0; tap < taps; tap++) packed.Data[(tap * weights.C) + c] = weights.Values[(c * taps) + tap];
        }
        packed.Data[taps * weights.C] = weights.Bias?[0] ?? 0;
        return packed;
    }

    /// <summary>
    /// Computes pixels whose windows are so many floats apart, and stores them so many floats apart; the residual, if there is one, lies
    /// without gaps.
    /// </summary>
    public void Run(float* input, nint windowStep, Run* runs, int count, int pixels, float* output, nint outputStep, float* residual)
    {
        int pixel = 0;
        for (; pixel + PixelsAtOnce <= pixels; pixel += PixelsAtOnce)
            Dots(input + (pixel * windowStep), windowStep, runs, count, output + (pixel * outputStep), outputStep);
        for (; pixel < pixels; pixel++) output[pixel * outputStep] = Dot(input + (pixel * windowStep), runs, count);
        if (residual != null)
            for (int w = 0; w < pixels; w++) output[w * outputStep] += residual[w];
        if (activation == Activation.None) return;
        int done = 0;
        if (outputStep == 1)
            for (; done + S.Width <= pixels; done += S.Width)
                S.Store(Elementary<S, V>.Activate(S.Load(output + done), activation), output + done);
        for (; done < pixels; done++)
        {
            float* value = output + (done * outputStep);
            *value = Single<S, V>.Activate(*value, activation);
        }
    }

    // Each pixel's sums are one, two or four of the eight vectors.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Dots(float* input, nint step, Run* runs, int count, float* output, nint outputStep)
    {
        int parts = WideSum<S, V>.Vectors;
        // Where the second to fourth vectors lie, and the second half of the pixels.
        nint second = parts == 1 ? step : S.Width, third = parts == 1 ? 2 * step : parts == 2 ? step : 2 * S.Width;
        nint fourth = parts == 1 ? 3 * step : parts == 2 ? step + S.Width : 3 * S.Width, half = PixelsAtOnce / 2 * step;
        V a0 = S.Broadcast(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, y = x + half, w = packed.Data + runs[run].Weights;
            for (nint left = runs[run].Length / CpuTensor.Lanes; left > 0; left--)
            {
                V w0 = S.Load(w), w1 = parts > 1 ? S.Load(w + S.Width) : w0;
                V w2 = parts > 2 ? S.Load(w + (2 * S.Width)) : w0, w3 = parts > 2 ? S.Load(w + (3 * S.Width)) : w1;
                a0 = S.MultiplyAdd(S.Load(x), w0, a0);
                a1 = S.MultiplyAdd(S.Load(x + second), w1, a1);
                a2 = S.MultiplyAdd(S.Load(x + third), w2, a2);
                a3 = S.MultiplyAdd(S.Load(x + fourth), w3, a3);
                a4 = S.MultiplyAdd(S.Load(y), w0, a4);
                a5 = S.MultiplyAdd(S.Load(y + second), w1, a5);
                a6 = S.MultiplyAdd(S.Load(y + third), w2, a6);
                a7 = S.MultiplyAdd(S.Load(y + fourth), w3, a7);
                x += CpuTensor.Lanes;
                y += CpuTensor.Lanes;
                w += CpuTensor.Lanes;
            }
        }
        float* sums = stackalloc float[8];
        switch (parts)
        {
            case 1:
                S.SumFour(a0, a1, a2, a3, sums);
                S.SumFour(a4, a5, a6, a7, sums + 4);
                break;
            case 2: S.SumFour(Fold(a0, a1), Fold(a2, a3), Fold(a4, a5), Fold(a6, a7), sums); break;
            default:
                V one = WideSum<S, V>.Fold(a0, a1, a2, a3), two = WideSum<S, V>.Fold(a4, a5, a6, a7);
                S.SumFour(one, two, one, two, sums);
                break;
        }
        for (int i = 0; i < PixelsAtOnce; i++) output[i * outputStep] = sums[i] + Rest(input + (i * step), runs, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Fold(V a, V b) => WideSum<S, V>.Fold(a, b, a, b);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Dot(float* input, Run* runs, int count)
    {
        WideSum<S, V> sum = default;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, w = packed.Data + runs[run].Weights;
            for (nint i = 0; i + CpuTensor.Lanes <= runs[run].Length; i += CpuTensor.Lanes) sum.AddProducts(x + i, w + i);
        }
        return sum.Total() + Rest(input, runs, count);
    }

    // The bias, and what whole sums leave of each run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Rest(float* input, Run* runs, int count)
    {
        float rest = _bias;
        if (_isWhole) return rest;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, w = packed.Data + runs[run].Weights;
            for (nint i = runs[run].Length / CpuTensor.Lanes * CpuTensor.Lanes; i < runs[run].Length; i++)
                rest = Single<S, V>.MultiplyAdd(x[i], w[i], rest);
        }
        return rest;
    }
}
