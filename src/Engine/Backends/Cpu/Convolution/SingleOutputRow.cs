using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// A row of a convolution to one channel: for each pixel a dot product of its window, in runs, with the weights, vectors running along
/// the channels, eight pixels at a time. A pixel's bits do not depend on those beside it.
/// </summary>
internal sealed unsafe class SingleOutputRow<S, V>(NativeMemoryBlock packed, int taps, int channels, Activation activation) where S : struct, ISimd<V> where V : struct
{
    private readonly float _bias = packed.Data[(nint)taps * channels];

    // Whether vectors cover each run.
    private readonly bool _isWhole = channels % S.Width == 0;

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

    /// <summary>Computes pixels whose windows are so many floats apart, and stores them so many floats apart; the residual, if there is one, lies without gaps.</summary>
    public void Run(float* input, nint windowStep, Run* runs, int count, int pixels, float* output, nint outputStep, float* residual)
    {
        int eights = pixels / 8;
        for (int i = 0; i < eights; i++) EightDots(input + (8 * i * windowStep), windowStep, runs, count, output + (8 * i * outputStep), outputStep);
        for (int w = 8 * eights; w < pixels; w++) output[w * outputStep] = Dot(input + (w * windowStep), runs, count);
        if (residual != null)
            for (int w = 0; w < pixels; w++) output[w * outputStep] += residual[w];
        if (activation == Activation.None) return;
        int done = 0;
        if (outputStep == 1)
            for (; done + S.Width <= pixels; done += S.Width) S.Store(Elementary<S, V>.Activate(S.Load(output + done), activation), output + done);
        for (; done < pixels; done++)
        {
            float* value = output + (done * outputStep);
            *value = Elementary<Scalar, float>.Activate(*value, activation);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EightDots(float* input, nint step, Run* runs, int count, float* output, nint outputStep)
    {
        V a0 = S.Broadcast(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, y = x + (4 * step), w = packed.Data + runs[run].Weights;
            for (nint i = 0; i + S.Width <= runs[run].Length; i += S.Width, x += S.Width, y += S.Width)
            {
                V weight = S.Load(w + i);
                a0 = S.MultiplyAdd(S.Load(x), weight, a0);
                a1 = S.MultiplyAdd(S.Load(x + step), weight, a1);
                a2 = S.MultiplyAdd(S.Load(x + (2 * step)), weight, a2);
                a3 = S.MultiplyAdd(S.Load(x + (3 * step)), weight, a3);
                a4 = S.MultiplyAdd(S.Load(y), weight, a4);
                a5 = S.MultiplyAdd(S.Load(y + step), weight, a5);
                a6 = S.MultiplyAdd(S.Load(y + (2 * step)), weight, a6);
                a7 = S.MultiplyAdd(S.Load(y + (3 * step)), weight, a7);
            }
        }
        float* sums = stackalloc float[8];
        S.SumFour(a0, a1, a2, a3, sums);
        S.SumFour(a4, a5, a6, a7, sums + 4);
        for (int i = 0; i < 8; i++) output[i * outputStep] = sums[i] + Rest(input + (i * step), runs, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Dot(float* input, Run* runs, int count)
    {
        V sum = S.Broadcast(0);
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, w = packed.Data + runs[run].Weights;
            for (nint i = 0; i + S.Width <= runs[run].Length; i += S.Width) sum = S.MultiplyAdd(S.Load(x + i), S.Load(w + i), sum);
        }
        return S.Sum(sum) + Rest(input, runs, count);
    }

    // The bias, and what vectors leave of each run.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Rest(float* input, Run* runs, int count)
    {
        float rest = _bias;
        if (_isWhole) return rest;
        for (int run = 0; run < count; run++)
        {
            float* x = input + runs[run].Input, w = packed.Data + runs[run].Weights;
            for (nint i = runs[run].Length / S.Width * S.Width; i < runs[run].Length; i++) rest = float.MultiplyAddEstimate(x[i], w[i], rest);
        }
        return rest;
    }
}
