using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>Copies several inputs side by side, for readers that cannot take them apart. A unit is a row.</summary>
internal sealed unsafe class Concat(string name, CpuTensor[] sources, CpuTensor target) : Kernel
{
    public override string Name => name;

    public override int Units => target.Shape.N * target.Shape.H;

    public override void Run(int begin, int end, float* scratch)
    {
        for (int unit = begin; unit < end; unit++)
        {
            int n = unit / target.Shape.H, h = unit % target.Shape.H, channel = 0;
            foreach (CpuTensor source in sources)
            {
                float* from = source.Pixel(n, h, 0), to = target.Pixel(n, h, 0) + channel;
                for (int w = 0; w < target.Shape.W; w++, from += source.PixelStride, to += target.PixelStride)
                    NativeMemory.Copy(from, to, (nuint)source.Shape.C * sizeof(float));
                channel += source.Shape.C;
            }
        }
    }
}
