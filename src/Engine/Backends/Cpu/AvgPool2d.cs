using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Average pooling over windows, vectors running along the channels. A unit is an output row.</summary>
internal sealed unsafe class AvgPool2d<S, V>(string name, AvgPool2dOp op, CpuTensor source, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            (int top, int bottom) = op.Window.Pixels(h, source.Shape.H);
            for (int w = 0; w < target.Shape.W; w++)
            {
                (int left, int right) = op.Window.Pixels(w, source.Shape.W);
                V divisor = S.Broadcast(op.Divisor(h, w, source.Shape.H, source.Shape.W));
                float* output = target.Pixel(n, h, w);
                for (nint c = 0; c < source.Channels; c += S.Width)
                {
                    V sum = S.Broadcast(0);
                    for (int row = top; row < bottom; row++)
                    {
                        float* x = source.Pixel(n, row, left) + c;
                        for (int column = left; column < right; column++, x += source.PixelStride) sum = S.Add(sum, S.Load(x));
                    }
                    S.Store(S.Divide(sum, divisor), output + c);
                }
            }
        }
    }
}
