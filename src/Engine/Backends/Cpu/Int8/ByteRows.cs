using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LungSeg.Engine.Backends.Cpu.Convolution;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// One of the tensors of bytes that a convolution reads side by side, and how often each pixel is seen along a row and a column.
/// </summary>
internal readonly record struct ByteSource(ByteTensor Map, int Repeat = 1)
{
    public int Height => Map.Shape.H * Repeat;

    public int Width => Map.Shape.W * Repeat;
}

/// <summary>
/// The input rows that a block of output rows reads, in one dense buffer [slot][padded column][channel] whose padding holds the zero point;
/// or read in place, where no window leaves the image and there is one source.
/// </summary>
internal sealed unsafe class ByteRows
{
    private readonly ByteSource[] _sources;
    private readonly ConvGeometry _geometry;
    private readonly int _rowsPerUnit;
    private readonly byte _zero;

    // Far dilated rows are kept apart instead of with all rows between them.
    private readonly bool _dense;

    public ByteRows(ByteSource[] sources, ConvGeometry geometry, int rowsPerUnit, byte zero)
    {
        (_sources, _geometry, _rowsPerUnit, _zero) = (sources, geometry, rowsPerUnit, zero);
        int reach = ((rowsPerUnit - 1) * geometry.Stride) + ((geometry.R - 1) * geometry.Dilation) + 1;
        _dense = reach <= geometry.R * rowsPerUnit * geometry.Stride;
        Slots = _dense ? reach : geometry.R * rowsPerUnit;
        Channels = sources.Sum(source => source.Map.Shape.C);
        Height = sources[0].Height;
        Width = sources[0].Width;
        bool inside = geometry.PadTop <= 0 && geometry.PadLeft <= 0
            && geometry.InputRow(geometry.OutputHeight - 1, geometry.R - 1) < Height && geometry.PaddedWidth - geometry.PadLeft <= Width;
        IsInPlace = inside && geometry.PadLeft == 0 && sources is [{ Repeat: 1 }];
        PixelStep = IsInPlace ? sources[0].Map.PixelStride : (Channels + 3) / 4 * 4;
    }

    public bool IsInPlace { get; }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Rows of the buffer.</summary>
    public int Slots { get; }

    /// <summary>Bytes from a column to the next.</summary>
    public nint PixelStep { get; }

    /// <summary>Bytes of the buffer; copies may run a vector over.</summary>
    public nint Bytes => IsInPlace ? 0 : ((nint)Slots * Pitch) + (2 * Vector512<byte>.Count);

    private nint Pitch => _geometry.PaddedWidth * PixelStep;

    /// <summary>What row offsets count from.</summary>
    public byte* Origin(byte* buffer, int n) => IsInPlace ? _sources[0].Map.Pixel(n, 0, 0) : buffer;

    /// <summary>Where the row lies that kernel row r reads for an output row of the unit that starts at first.</summary>
    public nint RowOffset(int row, int first, int r) =>
        IsInPlace ? _geometry.InputRow(row, r) * _sources[0].Map.RowStride : Slot(row, first, r) * Pitch;

    /// <summary>Whether what is outside the image may be left out of a sum: it is zeros.</summary>
    public bool CanSkip => _zero == 0;

    /// <summary>Whether kernel row r reads inside the image for an output row.</summary>
    public bool IsInside(int row, int r) => (uint)_geometry.InputRow(row, r) < (uint)Height;

    /// <summary>Fills the buffer for output rows from first to before end.</summary>
    public void Fill(byte* buffer, int n, int first, int end)
    {
        if (IsInPlace) return;
        if (_dense)
        {
            int top = _geometry.InputRow(first, 0), bottom = _geometry.InputRow(end - 1, _geometry.R - 1);
            for (int row = top; row <= bottom; row++) FillRow(buffer + ((row - top) * Pitch), n, row);
            return;
        }
        for (int r = 0; r < _geometry.R; r++)
        {
            for (int row = first; row < end; row++) FillRow(buffer + (Slot(row, first, r) * Pitch), n, _geometry.InputRow(row, r));
        }
    }

    private int Slot(int row, int first, int r) =>
        _dense ? ((row - first) * _geometry.Stride) + (r * _geometry.Dilation) : (r * _rowsPerUnit) + row - first;

    private void FillRow(byte* target, int n, int row)
    {
        if ((uint)row >= (uint)Height)
        {
            if (!CanSkip) NativeMemory.Fill(target, (nuint)Pitch, _zero);
            return;
        }
        int begin = Math.Clamp(_geometry.PadLeft, 0, _geometry.PaddedWidth);
        int end = Math.Clamp(Width + _geometry.PadLeft, begin, _geometry.PaddedWidth);
        NativeMemory.Fill(target, (nuint)(begin * PixelStep), _zero);
        int channel = 0;
        foreach (ByteSource source in _sources)
        {
            byte* to = target + (begin * PixelStep) + channel;
            CopyRow(source, n, row, to, PixelStep, begin - _geometry.PadLeft, end - begin, 0, source.Map.Shape.C);
            channel += source.Map.Shape.C;
        }
        NativeMemory.Fill(target + (end * PixelStep), (nuint)((_geometry.PaddedWidth - end) * PixelStep), _zero);
    }

    /// <summary>
    /// Copies some channels of some pixels of a row; the bytes of a pixel past them, or past the map's channels, stay as they are.
    /// </summary>
    public static void CopyRow(
        ByteSource source, int n, int row, byte* target, nint step, int column, int pixels, int channel, nint channels)
    {
        ByteTensor map = source.Map;
        byte* from = map.Pixel(n, row / source.Repeat, 0) + channel;
        channels = map.IsCompact ? map.Channels : Math.Min(channels, map.Shape.C - channel);
        if (source.Repeat == 1)
        {
            from += column * map.PixelStride;
            if (step == map.PixelStride && channels == step) NativeMemory.Copy(from, target, (nuint)(pixels * step));
            else Copy(from, map.PixelStride, target, step, pixels, channels);
            return;
        }
        for (int pixel = 0; pixel < pixels; pixel++, target += step)
            Copy(from + ((column + pixel) / source.Repeat * map.PixelStride), 0, target, 0, 1, channels);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(byte* from, nint fromStep, byte* target, nint step, int pixels, nint channels)
    {
        for (int pixel = 0; pixel < pixels; pixel++, from += fromStep, target += step)
        {
            nint c = 0;
            for (; c + Vector512<byte>.Count <= channels; c += Vector512<byte>.Count) Vector512.Load(from + c).Store(target + c);
            for (; c + Vector128<byte>.Count <= channels; c += Vector128<byte>.Count) Vector128.Load(from + c).Store(target + c);
            for (; c + sizeof(uint) <= channels; c += sizeof(uint)) Unsafe.WriteUnaligned(target + c, Unsafe.ReadUnaligned<uint>(from + c));
            for (; c < channels; c++) target[c] = from[c];
        }
    }
}
