using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Max pooling, vectors running along the channels. A unit is an output row.</summary>
internal sealed unsafe class MaxPool2d<S, V>(string name, MaxPool2dOp op, CpuTensor source, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H, top = (h * op.Stride) - op.Padding;
            int firstRow = Math.Max(top, 0), endRow = Math.Min(top + op.KernelSize, source.Shape.H);
            for (int w = 0; w < target.Shape.W; w++)
            {
                int left = (w * op.Stride) - op.Padding;
                int firstColumn = Math.Max(left, 0), endColumn = Math.Min(left + op.KernelSize, source.Shape.W);
                float* output = target.Pixel(n, h, w);
                for (nint c = 0; c < source.Channels; c += S.Width)
                {
                    V greatest = S.Broadcast(float.NegativeInfinity);
                    for (int row = firstRow; row < endRow; row++)
                    {
                        float* x = source.Pixel(n, row, firstColumn) + c;
                        for (int column = firstColumn; column < endColumn; column++, x += source.PixelStride)
                            greatest = S.Maximum(greatest, S.Load(x));
                    }
                    S.Store(greatest, output + c);
                }
            }
        }
    }
}
