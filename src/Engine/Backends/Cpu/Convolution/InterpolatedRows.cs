using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Rows of a map that bilinear upsampling makes of another.</summary>
internal sealed unsafe class InterpolatedRows<S, V> : IRowSource where S : struct, ISimd<V> where V : struct
{
    private readonly CpuTensor _source;
    private readonly int _padLeft;
    private readonly (int Low, int High, float Weight)[] _rows;
    private readonly (int Low, int High, float Weight)[] _columns;

    public InterpolatedRows(CpuTensor source, UpsampleBilinearOp op, Shape result, ConvGeometry reader)
    {
        _source = source;
        _padLeft = reader.PadLeft;
        _rows = [.. Enumerable.Range(0, result.H).Select(h => op.Source(h, source.Shape.H, result.H))];
        _columns = [.. Enumerable.Range(0, Math.Min(result.W, reader.PaddedWidth - reader.PadLeft))
            .Select(w => op.Source(w, source.Shape.W, result.W))];
    }

    public nint ScratchFloats(int channels) => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FillRow(float* target, nint pixelStep, int n, int row, int channel, int channels, float* scratch)
    {
        (int low, int high, float weight) = _rows[row];
        float* upper = _source.Pixel(n, low, 0) + channel, lower = _source.Pixel(n, high, 0) + channel;
        V down = S.Broadcast(weight), up = S.Broadcast(1 - weight);
        nint stride = _source.PixelStride;
        target += _padLeft * pixelStep;
        foreach ((int left, int right, float across) in _columns)
        {
            V toRight = S.Broadcast(across), toLeft = S.Broadcast(1 - across);
            float* a = upper + (left * stride), b = upper + (right * stride), c = lower + (left * stride), d = lower + (right * stride);
            int i = 0;
            for (; i + S.Width <= channels; i += S.Width)
            {
                V above = S.MultiplyAdd(S.Load(b + i), toRight, S.Multiply(S.Load(a + i), toLeft));
                V below = S.MultiplyAdd(S.Load(d + i), toRight, S.Multiply(S.Load(c + i), toLeft));
                S.Store(S.MultiplyAdd(below, down, S.Multiply(above, up)), target + i);
            }
            // Exactly the channels that are asked for: what lies behind them belongs to others.
            for (; i < channels; i++)
            {
                float above = Single<S, V>.MultiplyAdd(b[i], across, a[i] * (1 - across));
                float below = Single<S, V>.MultiplyAdd(d[i], across, c[i] * (1 - across));
                target[i] = Single<S, V>.MultiplyAdd(below, weight, above * (1 - weight));
            }
            target += pixelStep;
        }
    }
}
