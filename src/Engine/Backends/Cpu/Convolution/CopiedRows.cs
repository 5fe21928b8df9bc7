using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>Rows of a tensor in memory, multiplied by a gate or repeated as the source says.</summary>
internal sealed unsafe class CopiedRows(ConvSource source, ConvGeometry reader) : IRowSource
{
    private readonly int _begin = Math.Clamp(reader.PadLeft, 0, reader.PaddedWidth);
    private readonly int _end = Math.Clamp(source.Width + reader.PadLeft, Math.Clamp(reader.PadLeft, 0, reader.PaddedWidth),
        reader.PaddedWidth);

    public nint ScratchFloats(int channels) => 0;

    public void FillRow(float* target, nint pixelStep, int n, int row, int channel, int channels, float* scratch)
    {
        CpuTensor map = source.Map;
        // A planar tensor has no padding to read.
        if (map.IsPlanar) channels = Math.Min(channels, map.Shape.C - channel);
        float* pixels = map.Pixel(n, row / source.Repeat, 0) + (channel * map.ChannelStride);
        float* gate = source.Scale is CpuTensor scale ? scale.Pixel(n, 0, 0) + channel : null;
        if (source.Repeat == 1)
        {
            float* first = pixels + ((_begin - reader.PadLeft) * map.PixelStride);
            Copy(first, map, gate, target + (_begin * pixelStep), pixelStep, _end - _begin, channels);
            return;
        }
        for (int column = _begin; column < _end; column++)
        {
            float* pixel = pixels + ((column - reader.PadLeft) / source.Repeat * map.PixelStride);
            Copy(pixel, map, gate, target + (column * pixelStep), pixelStep, 1, channels);
        }
    }

    /// <summary>Copies some channels of a row's pixels, multiplied by a gate if there is one; nothing past them is touched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, CpuTensor source, float* gate, float* to, nint stride, int pixels, int channels)
    {
        if (gate == null && stride == channels && source.ChannelStride == 1 && source.PixelStride == channels)
        {
            NativeMemory.Copy(from, to, (nuint)((nint)pixels * channels * sizeof(float)));
            return;
        }
        if (source.ChannelStride > 1)
        {
            for (int c = 0; c < channels; c++)
                Interleave(from + (c * source.ChannelStride), gate == null ? 1 : gate[c], to + c, stride, pixels);
            return;
        }
        bool vectors = channels >= Vector128<float>.Count;
        for (int pixel = 0; pixel < pixels; pixel++, from += source.PixelStride, to += stride)
        {
            if (!vectors)
            {
                for (int c = 0; c < channels; c++) to[c] = gate == null ? from[c] : from[c] * gate[c];
                continue;
            }
            int done = 0;
            for (; done + Vector512<float>.Count <= channels; done += Vector512<float>.Count)
            {
                Vector512<float> values = Vector512.Load(from + done);
                (gate == null ? values : values * Vector512.Load(gate + done)).Store(to + done);
            }
            // The last vectors overlap: nothing past the pixel's channels is touched.
            for (; done < channels; done += Vector128<float>.Count)
            {
                int at = Math.Min(done, channels - Vector128<float>.Count);
                Vector128<float> values = Vector128.Load(from + at);
                (gate == null ? values : values * Vector128.Load(gate + at)).Store(to + at);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave(float* from, float gate, float* to, nint stride, int pixels)
    {
        for (int pixel = 0; pixel < pixels; pixel++, to += stride) *to = from[pixel] * gate;
    }
}
