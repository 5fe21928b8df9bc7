using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Copies the input rows that a block of output rows reads into one dense buffer [slot][padded column][channel], with zeros
/// at the sides. What the micro-kernel then reads is contiguous and cached, whether it came from one tensor, from the parts
/// of a concatenation that is never made, or from a planar picture.
/// </summary>
internal sealed unsafe class Gather(View[] sources, ConvGeometry geometry, int rowsPerUnit)
{
    // Far dilated rows are kept apart instead of with all rows between them.
    private readonly bool _dense =
        ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1 <= geometry.R * rowsPerUnit * geometry.Stride;

    private int Height => sources[0].Shape.H;

    /// <summary>Columns of the picture.</summary>
    public int Width => sources[0].Shape.W;

    /// <summary>Rows of the buffer.</summary>
    public int Slots => _dense
        ? ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1
        : geometry.R * rowsPerUnit;

    /// <summary>Floats of the buffer for blocks of the given channels; copies may run a vector over.</summary>
    public nint Floats(int channels) => ((nint)Slots * geometry.PaddedWidth * channels) + View.Lanes;

    /// <summary>The buffer's row that holds what kernel row r reads for an output row of the unit that starts at first.</summary>
    public int Slot(int row, int first, int r) =>
        _dense ? ((row - first) * geometry.Stride) + (r * geometry.Dilation) : (r * rowsPerUnit) + row - first;

    /// <summary>Whether kernel row r reads inside the picture for an output row.</summary>
    public bool IsInside(int row, int r) => (uint)geometry.InputRow(row, r) < (uint)Height;

    /// <summary>
    /// Fills the buffer with some channels for output rows from first to before end. Rows outside the picture are zeros if
    /// asked for, else they stay as they are.
    /// </summary>
    public void Fill(float* buffer, int n, int first, int end, int channel, int channels, bool clearOutside = false)
    {
        nint pitch = (nint)geometry.PaddedWidth * channels;
        if (_dense)
        {
            int top = geometry.InputRow(first, 0), bottom = geometry.InputRow(end - 1, geometry.R - 1);
            for (int row = top; row <= bottom; row++)
            {
                float* target = buffer + ((row - top) * pitch);
                if ((uint)row < (uint)Height) FillRow(target, n, row, channel, channels);
                else if (clearOutside) NativeMemory.Clear(target, (nuint)(pitch * sizeof(float)));
            }
            return;
        }
        for (int r = 0; r < geometry.R; r++)
        {
            for (int row = first; row < end; row++)
            {
                if (IsInside(row, r)) FillRow(buffer + (Slot(row, first, r) * pitch), n, geometry.InputRow(row, r), channel, channels);
            }
        }
    }

    private void FillRow(float* target, int n, int row, int channel, int channels)
    {
        int begin = Math.Clamp(geometry.PadLeft, 0, geometry.PaddedWidth);
        int end = Math.Clamp(Width + geometry.PadLeft, begin, geometry.PaddedWidth);
        NativeMemory.Clear(target, (nuint)((nint)begin * channels * sizeof(float)));
        int start = 0;
        foreach (View source in sources)
        {
            int from = Math.Max(channel, start), to = Math.Min(channel + channels, start + source.Shape.C);
            if (from < to)
            {
                float* pixel = source.Pixel(n, row, begin - geometry.PadLeft) + ((from - start) * source.ChannelStride);
                Copy(pixel, source, target + ((nint)begin * channels) + (from - channel), channels, end - begin, to - from);
            }
            start += source.Shape.C;
        }
        // After the copies, which may run over the row's end.
        NativeMemory.Clear(target + ((nint)end * channels), (nuint)((nint)(geometry.PaddedWidth - end) * channels * sizeof(float)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(float* from, View source, float* to, nint stride, int pixels, int channels)
    {
        if (stride == channels && source.ChannelStride == 1 && source.PixelStride == channels)
        {
            NativeMemory.Copy(from, to, (nuint)((nint)pixels * channels * sizeof(float)));
            return;
        }
        for (int pixel = 0; pixel < pixels; pixel++, from += source.PixelStride, to += stride)
        {
            int c = 0;
            if (source.ChannelStride == 1)
            {
                for (; c + View.Lanes <= channels; c += View.Lanes)
                {
                    Vector128.Load(from + c).Store(to + c);
                    Vector128.Load(from + c + 4).Store(to + c + 4);
                    Vector128.Load(from + c + 8).Store(to + c + 8);
                    Vector128.Load(from + c + 12).Store(to + c + 12);
                }
            }
            for (; c < channels; c++) to[c] = from[c * source.ChannelStride];
        }
    }
}
