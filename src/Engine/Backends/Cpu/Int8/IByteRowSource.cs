using System.Runtime.CompilerServices;
using LungSeg.Engine.Backends.Cpu.Convolution;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>
/// Where a depthwise convolution's rows of bytes come from if not from one tensor in memory, as <see cref="IRowSource"/>: computed when the
/// convolution wants them, so that the wide map between the two is never in memory.
/// </summary>
internal unsafe interface IByteRowSource
{
    /// <summary>Bytes of working memory.</summary>
    nint ScratchBytes { get; }

    /// <summary>
    /// Fills a row, pixels so many bytes apart, with some channels of an image's row, whole vectors of <see cref="ByteTensor.Lanes"/>.
    /// </summary>
    void FillRow(byte* target, nint pixelStep, int n, int row, int channel, int channels, byte* scratch);
}

/// <summary>Rows of a tensor in memory, repeated as the source says.</summary>
internal sealed unsafe class CopiedByteRows(ByteSource source) : IByteRowSource
{
    public nint ScratchBytes => 0;

    public void FillRow(byte* target, nint pixelStep, int n, int row, int channel, int channels, byte* scratch) =>
        ByteRows.CopyRow(source, n, row, target, pixelStep, 0, source.Width, channel, channels);
}

/// <summary>Rows whose channels come from several sources side by side; all but the last have whole vectors of them.</summary>
internal sealed unsafe class ConcatenatedByteRows((IByteRowSource Rows, int Channels)[] parts) : IByteRowSource
{
    public nint ScratchBytes => parts.Max(part => part.Rows.ScratchBytes);

    public void FillRow(byte* target, nint pixelStep, int n, int row, int channel, int channels, byte* scratch)
    {
        int start = 0;
        foreach ((IByteRowSource rows, int count) in parts)
        {
            int from = Math.Max(channel, start), to = Math.Min(channel + channels, start + ByteTensor.Padded(count));
            if (from < to) rows.FillRow(target + (from - channel), pixelStep, n, row, from - start, to - from, scratch);
            start += count;
        }
    }
}

/// <summary>Rows of a convolution: an inverted residual's expansion, or a network's first layer.</summary>
internal sealed unsafe class ConvolvedByteRows<D, W>(Int8Tiles<D, W> tiles) : IByteRowSource where D : struct, IDot<W> where W : struct
{
    public nint ScratchBytes => tiles.Rows.Bytes;

    public void FillRow(byte* target, nint pixelStep, int n, int row, int channel, int channels, byte* scratch)
    {
        tiles.Rows.Fill(scratch, n, row, row + 1);
        byte* origin = tiles.Rows.Origin(scratch, n);
        foreach (Panel panel in tiles.Weights.Panels)
        {
            if (panel.OutputChannel < channel || panel.OutputChannel >= channel + channels) continue;
            tiles.Run(origin, n, row, row + 1, 0, tiles.Geometry.OutputWidth, panel, target - channel, pixelStep);
        }
    }
}

/// <summary>Rows of a bilinear upsampling: the mean of four bytes, as <see cref="IntegerArithmetic.Blend"/> rounds it.</summary>
internal sealed unsafe class BilinearByteRows<D, W>(UpsampleBilinearOp op, ByteTensor source, Shape result) : IByteRowSource
    where D : struct, IDot<W> where W : struct
{
    private readonly (int Low, int High, int Weight)[] _rows =
        [.. Enumerable.Range(0, result.H).Select(h => IntegerArithmetic.Source(op, h, source.Shape.H, result.H))];

    private readonly (int Low, int High, int Weight)[] _columns =
        [.. Enumerable.Range(0, result.W).Select(w => IntegerArithmetic.Source(op, w, source.Shape.W, result.W))];

    public nint ScratchBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FillRow(byte* target, nint pixelStep, int n, int row, int channel, int channels, byte* scratch)
    {
        (int top, int bottom, int down) = _rows[row];
        byte* upper = source.Pixel(n, top, 0) + channel, lower = source.Pixel(n, bottom, 0) + channel;
        W weight = D.Broadcast(down), scale = D.Broadcast(128), half = D.Broadcast(8192);
        foreach ((int left, int right, int share) in _columns)
        {
            W across = D.Broadcast(share);
            nint from = left * source.PixelStride, to = right * source.PixelStride;
            for (nint c = 0; c < channels; c += D.Width)
            {
                W a = Across(D.LoadBytes(upper + from + c), D.LoadBytes(upper + to + c), across, scale);
                W b = Across(D.LoadBytes(lower + from + c), D.LoadBytes(lower + to + c), across, scale);
                W mean = D.Add(D.Multiply(a, scale), D.Multiply(D.Subtract(b, a), weight));
                D.StoreBytes(D.ShiftRight(D.Add(mean, half), 14), target + c);
            }
            target += pixelStep;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static W Across(W left, W right, W weight, W scale) =>
        D.Add(D.Multiply(left, scale), D.Multiply(D.Subtract(right, left), weight));
}
