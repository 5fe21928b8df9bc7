using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Simd;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>
/// A map times a gate of one number for each image and channel, plus another map, then an activation: the end of a block with
/// squeeze-and-excitation. A unit is a row.
/// </summary>
internal sealed unsafe class GatedSum<S, V>(CpuTensor x, CpuTensor gate, CpuTensor residual, CpuTensor target, Activation activation)
    : Kernel where S : struct, ISimd<V> where V : struct
{
    public override string Name => "gate, add";

    public override int Units => target.Shape.N * target.Shape.H;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            float* a = x.Pixel(n, h, 0), b = residual.Pixel(n, h, 0), output = target.Pixel(n, h, 0), scale = gate.Pixel(n, 0, 0);
            for (int w = 0; w < target.Shape.W; w++, a += x.PixelStride, b += residual.PixelStride, output += target.PixelStride)
            {
                for (nint c = 0; c < target.Channels; c += S.Width)
                    S.Store(Elementary<S, V>.Activate(S.MultiplyAdd(S.Load(a + c), S.Load(scale + c), S.Load(b + c)), activation),
                        output + c);
            }
        }
    }
}
