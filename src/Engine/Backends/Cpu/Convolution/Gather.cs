using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Copies the input rows that a block of output rows reads into one dense buffer [slot][padded column][channel], with zeros
/// at the sides. What the micro-kernel then reads is contiguous and cached, whether it came from one tensor, from the parts
/// of a concatenation that is never made, or from a planar picture.
/// </summary>
internal sealed unsafe class Gather(ConvSource[] sources, ConvGeometry geometry, int rowsPerUnit)
{
    // Far dilated rows are kept apart instead of with all rows between them.
    private readonly bool _dense =
        ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1 <= geometry.R * rowsPerUnit * geometry.Stride;

    private int Height => sources[0].View.Shape.H;

    /// <summary>Columns of the picture.</summary>
    public int Width => sources[0].View.Shape.W;

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
        foreach ((View source, View? scale) in sources)
        {
            int from = Math.Max(channel, start), to = Math.Min(channel + channels, start + source.Shape.C);
            if (from < to)
            {
                float* pixel = source.Pixel(n, row, begin - geometry.PadLeft) + ((from - start) * source.ChannelStride);
                float* gate = scale is View view ? view.Pixel(n, 0, 0) + (from - start) : null;
                Copy(pixel, source, gate, target + ((nint)begin * channels) + (from - channel), channels, end - begin, to - from);
            }
            start += source.Shape.C;
        }
        // After the copies, which may run over the row's end.
        NativeMemory.Clear(target + ((nint)end * channels), (nuint)((nint)(geometry.PaddedWidth - end) * channels * sizeof(float)));
    }

    /// <summary>Copies some channels of a row's pixels, multiplied by a gate if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, View source, float* gate, float* to, nint stride, int pixels, int channels)
    {
        if (gate == null && stride == channels && source.ChannelStride == 1 && source.PixelStride == channels)
        {
            NativeMemory.Copy(from, to, (nuint)((nint)pixels * channels * sizeof(float)));
            return;
        }
        bool vectors = source.ChannelStride == 1 && channels >= Vector128<float>.Count;
        for (int pixel = 0; pixel < pixels; pixel++, from += source.PixelStride, to += stride)
        {
            if (!vectors)
            {
                for (int c = 0; c < channels; c++) to[c] = gate == null ? from[c * source.ChannelStride] : from[c] * gate[c];
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
}
