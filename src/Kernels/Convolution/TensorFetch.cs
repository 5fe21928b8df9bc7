using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// What one thread of a tensor-core convolution brings to shared memory for each step: the same piece of 16 bytes of some pixels'
/// and filters' rows, equally far apart.
/// </summary>
internal readonly struct TensorFetch<TTile, TStorage, TGate> where TTile : struct, ITensorTile where TStorage : struct,
    IStorage where TGate : struct, IGate
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

    public TensorFetch(ConvParameters p, ConvBlock block)
    {
        int row = Group.IdxX / Pieces, pixel = block.Pixel + row;
        _w0 = ConvWindow.Of(p, block, pixel, default(TStorage).Size);
        _w1 = ConvWindow.Of(p, block, pixel + RowStep, default(TStorage).Size);
        _w2 = ConvWindow.Of(p, block, pixel + (2 * RowStep), default(TStorage).Size);
        _w3 = ConvWindow.Of(p, block, pixel + (3 * RowStep), default(TStorage).Size);
        _filter = block.Filter + row;
        // Rows of packed weights are multiples of 128 bytes.
        _depthBytes = ((p.Window.R * p.Window.S * p.Channels * default(TStorage).Size) + 127) / 128 * 128;
        _weights = p.Weights + ((long)block.Phase * p.PhaseWeights * default(TStorage).Size)
            + ((((long)block.Group * p.Filters) + _filter) * _depthBytes) + (Piece * 16);
        _gates = p.Gate + ((((long)block.Image * p.GateStride) + (block.Group * p.Channels)) * default(TStorage).Size) + (Piece * 16);
        _place = TensorRows.Piece<TTile>(row, Piece);
    }

    private static int Pieces => default(TTile).RowBytes / 16;

    private static int Piece => Group.IdxX % Pieces;

    private static int RowStep => default(TTile).Threads / Pieces;

    /// <summary>Begins the copies of a step to the stage at an address.</summary>
    public void Begin(ConvParameters p, int step, uint stage)
    {
        int rowBytes = default(TTile).RowBytes, k = (step * (rowBytes / default(TStorage).Size)) + (Piece * (16 / default(TStorage).Size));
        ConvTap tap = ConvTap.Of(p, k);
        // Behind the end weights are zero; the input must be too, lest infinity times zero.
        if (k >= p.Window.R * p.Window.S * p.Channels) tap.Row = ConvWindow.Nowhere;
        uint place = stage + _place, between = (uint)(RowStep * rowBytes);
        Begin(p, _w0, tap, place);
        if (default(TTile).M > RowStep) Begin(p, _w1, tap, place + between);
        if (default(TTile).M > 2 * RowStep) Begin(p, _w2, tap, place + (2 * between));
        if (default(TTile).M > 3 * RowStep) Begin(p, _w3, tap, place + (3 * between));

        place += (uint)(default(TTile).M * rowBytes);
        long weights = _weights + (step * (long)rowBytes);
        for (int i = 0; i < default(TTile).N / RowStep; i++)
        {
            CpAsync.Copy16(place, weights, _filter + (i * RowStep) < p.Filters);
            place += between;
            weights += RowStep * _depthBytes;
        }
        if (default(TGate).Exists && Group.IdxX < Pieces)
            CpAsync.Copy16(stage + (uint)(((default(TTile).M + default(TTile).N) * rowBytes) + (Piece * 16)),
                _gates + (step * (long)rowBytes), k < p.Channels);
    }

    private static void Begin(ConvParameters p, ConvWindow window, ConvTap tap, uint place) =>
        CpAsync.Copy16(place, window.Address(tap, default(TStorage).Size), window.Sees(p, tap));
}
