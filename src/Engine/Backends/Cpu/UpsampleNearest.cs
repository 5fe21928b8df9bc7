using System.Runtime.InteropServices;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Nearest upsampling: a unit spreads one input row and copies it.</summary>
internal sealed unsafe class UpsampleNearest(string name, UpsampleNearestOp op, CpuTensor source, CpuTensor target) : Kernel
{
    public override string Name => name;

    public override int Units => source.Shape.N * source.Shape.H;

    public override void Run(int begin, int end, float* scratch)
    {
        nuint pixel = (nuint)source.PixelStride * sizeof(float), row = (nuint)target.RowStride * sizeof(float);
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / source.Shape.H, h = unit % source.Shape.H;
            float* from = source.Pixel(n, h, 0), first = target.Pixel(n, h * op.Scale, 0), to = first;
            for (int w = 0; w < source.Shape.W; w++, from += source.PixelStride)
            {
                for (int i = 0; i < op.Scale; i++, to += target.PixelStride) NativeMemory.Copy(from, to, pixel);
            }
            for (int i = 1; i < op.Scale; i++) NativeMemory.Copy(first, first + (i * target.RowStride), row);
        }
    }
}
