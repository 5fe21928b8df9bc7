using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// What one thread of <see cref="MmaConv"/> brings to shared memory for each step: the same piece of 16 bytes of some rows, a
/// quarter of the threads apart.
/// </summary>
internal readonly struct MmaFetch<TTile, TStorage, TGate> where TTile : struct, IMmaTile where TStorage : struct, IStorage where TGate : struct, IGate
{
    private readonly ConvWindow _w0;
    private readonly ConvWindow _w1;
    private readonly ConvWindow _w2;
    private readonly ConvWindow _w3;
    private readonly int _filter;
    private readonly long _weights;
    private readonly long _depthBytes;
    private readonly long _gates;
    private readonly uint _place;

    public MmaFetch(ConvParameters p, ConvBlock block)
    {
        int row = Group.IdxX / 4, pixel = block.Pixel + row;
        _w0 = ConvWindow.Of(p, block, pixel, default(TStorage).Size);
        _w1 = ConvWindow.Of(p, block, pixel + RowStep, default(TStorage).Size);
        _w2 = ConvWindow.Of(p, block, pixel + (2 * RowStep), default(TStorage).Size);
        _w3 = ConvWindow.Of(p, block, pixel + (3 * RowStep), default(TStorage).Size);
        _filter = block.Filter + row;
        // Rows of packed weights are multiples of 128 bytes.
        _depthBytes = ((p.R * p.S * p.Channels * default(TStorage).Size) + 127) / 128 * 128;
        _weights = p.Weights + ((long)block.Phase * p.PhaseWeights * default(TStorage).Size)
            + ((((long)block.Group * p.Filters) + _filter) * _depthBytes) + (Piece * 16);
        _gates = p.Gate + ((((long)block.Image * p.GateStride) + (block.Group * p.Channels)) * default(TStorage).Size) + (Piece * 16);
        _place = MmaRows.Piece(row, Piece);
    }

    private static int Piece => Group.IdxX & 3;

    private static int RowStep => MmaConv.Threads<TTile>() / 4;

    /// <summary>Begins the copies of a step to the stage at an address.</summary>
    public void Begin(ConvParameters p, int step, uint stage)
    {
        int perPiece = 16 / default(TStorage).Size, k = (step * (MmaConv.RowBytes / default(TStorage).Size)) + (Piece * perPiece);
        ConvTap tap = ConvTap.Of(p, k);
        // Behind the end weights are zero; the input must be too, lest infinity times zero.
        if (k >= p.R * p.S * p.Channels) tap.Row = ConvWindow.Nowhere;
        uint place = stage + _place;
        Begin(p, _w0, tap, place);
        if (default(TTile).M > RowStep) Begin(p, _w1, tap, place + (uint)(RowStep * MmaConv.RowBytes));
        if (default(TTile).M > 2 * RowStep) Begin(p, _w2, tap, place + (uint)(2 * RowStep * MmaConv.RowBytes));
        if (default(TTile).M > 3 * RowStep) Begin(p, _w3, tap, place + (uint)(3 * RowStep * MmaConv.RowBytes));

        place += (uint)(default(TTile).M * MmaConv.RowBytes);
        long weights = _weights + (step * (long)MmaConv.RowBytes);
        CpAsync.Copy16(place, weights, _filter < p.Filters);
        if (default(TTile).N > RowStep) CpAsync.Copy16(place + (uint)(RowStep * MmaConv.RowBytes), weights + (RowStep * _depthBytes), _filter + RowStep < p.Filters);
        if (default(TGate).Exists && Group.IdxX < 4)
            CpAsync.Copy16(stage + (uint)(((default(TTile).M + default(TTile).N) * MmaConv.RowBytes) + (Piece * 16)), _gates + (step * (long)MmaConv.RowBytes), k < p.Channels);
    }

    private static void Begin(ConvParameters p, ConvWindow window, ConvTap tap, uint place) =>
        CpAsync.Copy16(place, window.Address(p, tap, default(TStorage).Size), window.Sees(p, tap));
}
