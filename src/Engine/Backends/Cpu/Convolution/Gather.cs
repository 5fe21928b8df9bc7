using System.Runtime.InteropServices;

namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Copies the input rows that a block of output rows reads into one dense buffer [slot][padded column][channel], with zeros
/// at the sides. What the micro-kernel then reads is contiguous and cached, whether it came from one tensor, from the parts
/// of a concatenation that is never made, or from a planar image. Windows that lie inside one plain tensor are read in place.
/// </summary>
internal sealed unsafe class Gather(ConvSource[] sources, ConvGeometry geometry, int rowsPerUnit = 1)
{
    // Far dilated rows are kept apart instead of with all rows between them.
    private readonly bool _dense =
        ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1 <= geometry.R * rowsPerUnit * geometry.Stride;

    private readonly ConcatenatedRows _rows = new([.. sources.Select(source => (new CopiedRows(source, geometry), source.Map.Shape.C))]);

    private readonly bool _inPlace =
        sources.Length == 1 && sources[0].IsPlain && sources[0].Repeat == 1 && geometry.PadLeft == 0
        && geometry.PaddedWidth <= sources[0].Width;

    private int Height => sources[0].Height;

    /// <summary>Columns of the image.</summary>
    public int Width => sources[0].Width;

    /// <summary>Rows of the buffer.</summary>
    public int Slots => _dense
        ? ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1
        : geometry.R * rowsPerUnit;

    /// <summary>Floats of the buffer for blocks of the given channels; copies may run a vector over.</summary>
    public nint Floats(int channels) => _inPlace ? 0 : ((nint)Slots * geometry.PaddedWidth * channels) + CpuTensor.Lanes;

    /// <summary>Floats from a column to the next.</summary>
    public nint PixelStep(int channels) => _inPlace ? sources[0].Map.PixelStride : channels;

    /// <summary>What row offsets count from, for an image and a block of channels that starts at the given one.</summary>
    public float* Origin(float* buffer, int n, int channel) => _inPlace ? sources[0].Map.Pixel(n, 0, 0) + channel : buffer;

    /// <summary>Where the row lies that kernel row r reads for an output row of the unit that starts at first.</summary>
    public nint RowOffset(int row, int first, int r, int channels) =>
        _inPlace ? geometry.InputRow(row, r) * sources[0].Map.RowStride : Slot(row, first, r) * (nint)geometry.PaddedWidth * channels;

    // The buffer's row.
    private int Slot(int row, int first, int r) =>
        _dense ? ((row - first) * geometry.Stride) + (r * geometry.Dilation) : (r * rowsPerUnit) + row - first;

    /// <summary>Whether kernel row r reads inside the image for an output row.</summary>
    public bool IsInside(int row, int r) => (uint)geometry.InputRow(row, r) < (uint)Height;

    /// <summary>
    /// Fills the buffer with some channels for output rows from first to before end. Rows outside the image are zeros if
    /// asked for, else they stay as they are.
    /// </summary>
    public void Fill(float* buffer, int n, int first, int end, int channel, int channels, bool clearOutside = false)
    {
        if (_inPlace) return;
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

    // Some channels of an image's row, zeros at the sides: those on the right after the copies, which may run over the row's end.
    private void FillRow(float* target, int n, int row, int channel, int channels)
    {
        int begin = Math.Clamp(geometry.PadLeft, 0, geometry.PaddedWidth),
            end = Math.Clamp(Width + geometry.PadLeft, begin, geometry.PaddedWidth);
        NativeMemory.Clear(target, (nuint)((nint)begin * channels * sizeof(float)));
        _rows.FillRow(target, channels, n, row, channel, channels, null);
        NativeMemory.Clear(target + ((nint)end * channels), (nuint)((nint)(geometry.PaddedWidth - end) * channels * sizeof(float)));
    }
}
