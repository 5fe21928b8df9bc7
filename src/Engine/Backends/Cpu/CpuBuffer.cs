namespace LungSeg.Engine.Backends.Cpu;

/// <summary>An input or output of a CPU plan.</summary>
internal sealed unsafe class CpuBuffer(CpuTensor map, UseCount plan) : Buffer(map.Shape, plan)
{
    internal override void Write(ReadOnlySpan<float> nchw) => nchw.CopyTo(new Span<float>(map.Data, nchw.Length));

    internal override void Read(Span<float> nchw)
    {
        (int images, int channels, int height, int width) = Shape;
        int index = 0;
        for (int n = 0; n < images; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                float* source = map.Data + (n * map.ImageStride) + (c * map.ChannelStride);
                for (int pixel = 0; pixel < height * width; pixel++, source += map.PixelStride) nchw[index++] = *source;
            }
        }
    }
}
