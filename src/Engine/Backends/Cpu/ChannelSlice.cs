using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Copies a run of channels, for readers that take a whole tensor. A unit is a row.</summary>
internal sealed unsafe class ChannelSlice(string name, int start, CpuTensor source, CpuTensor target) : Kernel
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H;
            float* from = source.Pixel(n, h, 0) + start, to = target.Pixel(n, h, 0);
            for (int w = 0; w < target.Shape.W; w++, from += source.PixelStride, to += target.PixelStride)
                NativeMemory.Copy(from, to, (nuint)target.Shape.C * sizeof(float));
        }
    }
}
