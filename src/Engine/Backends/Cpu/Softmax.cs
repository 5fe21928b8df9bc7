using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// Softmax across the parts of the channels. Parts need not lie at a vector's start, so each is gathered to scratch first. A unit is a row.
/// </summary>
internal sealed unsafe class Softmax<S, V>(string name, SoftmaxOp op, CpuTensor source, CpuTensor target) : Kernel
    where S : struct, ISimd<V> where V : struct
{
    private readonly int _width = source.Shape.C / (op.Radix * op.Cardinality);

    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    public override nint ScratchFloats => op.Radix * Part;

    private nint Part => (_width + CpuTensor.Lanes - 1) / CpuTensor.Lanes * CpuTensor.Lanes;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            for (int w = 0; w < target.Shape.W; w++)
            {
                for (int cardinal = 0; cardinal < op.Cardinality; cardinal++)
                    Pixel(source.Pixel(n, h, w), target.Pixel(n, h, w), cardinal, scratch);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pixel(float* x, float* y, int cardinal, float* scratch)
    {
        for (int r = 0; r < op.Radix; r++)
        {
            int from = op.Channel(cardinal, r, 0, source.Shape.C).From;
            new ReadOnlySpan<float>(x + from, _width).CopyTo(new Span<float>(scratch + (r * Part), (int)Part));
        }
        for (nint c = 0; c < _width; c += S.Width)
        {
            V maximum = S.Load(scratch + c);
            for (int r = 1; r < op.Radix; r++) maximum = S.Maximum(maximum, S.Load(scratch + (r * Part) + c));
            V sum = S.Broadcast(0);
            for (int r = 0; r < op.Radix; r++)
            {
                float* value = scratch + (r * Part) + c;
                V power = Elementary<S, V>.Exp(S.Subtract(S.Load(value), maximum));
                sum = S.Add(sum, power);
                S.Store(power, value);
            }
            for (int r = 0; r < op.Radix; r++)
            {
                float* value = scratch + (r * Part) + c;
                S.Store(S.Divide(S.Load(value), sum), value);
            }
        }
        for (int r = 0; r < op.Radix; r++)
        {
            int to = op.Channel(cardinal, r, 0, source.Shape.C).To;
            new ReadOnlySpan<float>(scratch + (r * Part), _width).CopyTo(new Span<float>(y + to, _width));
        }
    }
}
