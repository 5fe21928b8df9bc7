using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Layer normalisation over the channels. A pixel's channels lie side by side: mean and deviations are summed in double precision, and the
/// rest is vectors. A unit is a row.
/// </summary>
internal sealed unsafe class ChannelNorm<S, V>(
    string name, ChannelNormOp op, CpuTensor source, NativeMemoryBlock weights, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => source.Shape.N * source.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        nint channels = source.Channels;
        float* weight = weights.Data, bias = weights.Data + channels;
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / source.Shape.H, h = unit % source.Shape.H;
            float* x = source.Pixel(n, h, 0), y = target.Pixel(n, h, 0);
            for (int w = 0; w < source.Shape.W; w++, x += source.PixelStride, y += target.PixelStride)
            {
                (float mean, float gain) = Moments(x);
                V means = S.Broadcast(mean), gains = S.Broadcast(gain);
                for (nint c = 0; c < channels; c += S.Width)
                {
                    V normal = S.Multiply(S.Subtract(S.Load(x + c), means), gains);
                    S.Store(S.MultiplyAdd(normal, S.Load(weight + c), S.Load(bias + c)), y + c);
                }
            }
        }
    }

    private (float Mean, float Gain) Moments(float* x)
    {
        int channels = source.Shape.C;
        double sum = 0, squares = 0;
        for (int c = 0; c < channels; c++) sum += x[c];
        double mean = sum / channels;
        for (int c = 0; c < channels; c++) squares += (x[c] - mean) * (x[c] - mean);
        return ((float)mean, (float)(1 / Math.Sqrt((squares / channels) + op.Eps)));
    }
}
