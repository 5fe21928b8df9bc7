using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Average pooling to a fixed grid. A unit is one bin of one image and up to 64 of its channels: it adds the bin's pixels
/// row by row, so that long sums stay exact enough and in one order.
/// </summary>
internal sealed unsafe class AdaptiveAvgPool2d<S, V>(string name, AdaptiveAvgPool2dOp op, CpuTensor source, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    private const int ChannelsPerUnit = 64;
    private readonly int _slices = ((int)source.Channels + ChannelsPerUnit - 1) / ChannelsPerUnit;

    public override string Name => name;

    public override int Units => target.Shape.N * op.OutputSize * op.OutputSize * _slices;

    public override nint ScratchFloats => 2 * ChannelsPerUnit;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        float* rowSums = scratch, sums = scratch + ChannelsPerUnit;
        for (int unit = begin; unit < end; unit++)
        {
            int slice = unit % _slices, bin = unit / _slices, n = bin / (op.OutputSize * op.OutputSize);
            int i = bin / op.OutputSize % op.OutputSize, j = bin % op.OutputSize;
            (int top, int bottom) = op.Bin(i, source.Shape.H);
            (int left, int right) = op.Bin(j, source.Shape.W);
            nint first = (nint)slice * ChannelsPerUnit, count = Math.Min(ChannelsPerUnit, source.Channels - first);
            new Span<float>(sums, (int)count).Clear();
            for (int h = top; h < bottom; h++)
            {
                new Span<float>(rowSums, (int)count).Clear();
                float* x = source.Pixel(n, h, left) + first;
                for (int w = left; w < right; w++, x += source.PixelStride)
                {
                    for (nint c = 0; c < count; c += S.Width) S.Store(S.Add(S.Load(rowSums + c), S.Load(x + c)), rowSums + c);
                }
                for (nint c = 0; c < count; c += S.Width) S.Store(S.Add(S.Load(sums + c), S.Load(rowSums + c)), sums + c);
            }
            float* output = target.Pixel(n, i, j) + first;
            V size = S.Broadcast((bottom - top) * (right - left));
            for (nint c = 0; c < count; c += S.Width) S.Store(S.Divide(S.Load(sums + c), size), output + c);
        }
    }
}
