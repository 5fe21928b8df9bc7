using System.Runtime.CompilerServices;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Lays the planar input out as NHWC, for readers that cannot take it as it is. A unit is a row.</summary>
internal sealed unsafe class FromPlanar(string name, CpuTensor source, CpuTensor target) : Kernel
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            for (int c = 0; c < source.Shape.C; c++)
                Interleave(source.Pixel(n, h, 0) + (c * source.ChannelStride), target.Pixel(n, h, 0) + c, target.PixelStride,
                    target.Shape.W);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(float* from, float* to, nint stride, int pixels)
    {
        for (int pixel = 0; pixel < pixels; pixel++, to += stride) *to = from[pixel];
    }
}
