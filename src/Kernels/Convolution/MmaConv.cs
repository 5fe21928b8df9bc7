using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// Convolution on tensor cores as an implicit matrix product of M pixels by N filters for each block. A step is 64 bytes of the
/// reduction: 32 halves, or 16 floats rounded to tf32. Shared memory holds four steps, three of them on their way while one is
/// computed on; a step is a row of 64 bytes for each pixel, then for each filter, then the gates' row. The four 16-byte pieces of a
/// row are exchanged by bits 1 and 2 of its number, so that eight rows' pieces lie in different banks.
/// </summary>
internal static class MmaConv
{
    public const int Stages = 4;

    private const int RowBytes = 64;

    public static int StageBytes<T>() where T : struct, IMmaTile => (default(T).M + default(T).N + 1) * RowBytes;

    public static int SharedBytes<T>() where T : struct, IMmaTile => Stages * StageBytes<T>();

    public static void Run<TTile, TStorage, TMath, TGate>(ConvParameters p)
        where TTile : struct, IMmaTile where TStorage : struct, IStorage where TMath : struct, IMmaMath where TGate : struct, IGate
    {
        int warpRows = default(TTile).M / (default(TTile).IsTall ? 64 : 32), warp = Group.IdxX / 32, lane = Warp.LaneIdx;
        int row = warp % warpRows * (default(TTile).IsTall ? 64 : 32), column = warp / warpRows * 32;
        ConvBlock block = ConvBlock.Of(p, default(TTile).M, default(TTile).N);
        var fetch = new TensorFetch<TTile, TStorage, TGate>(p, block);

        // Where this lane's rows of fragments begin: of 16 pixels by two pieces, and of 8 filters by two pieces, twice.
        uint shared = Shared.Base();
        uint pixels = shared + TensorRows.Piece<TTile>(row + (lane & 15), lane >> 4);
        uint filters = shared + (uint)(default(TTile).M * RowBytes)
            + TensorRows.Piece<TTile>(column + (lane & 7) + (lane >> 4 << 3), (lane >> 3) & 1);
        uint gates = shared + (uint)(((default(TTile).M + default(TTile).N) * RowBytes) + ((lane & 3) * 4));

        int first = block.FirstStep(p), end = block.EndStep(p);
        for (int i = 0; i < Stages - 1; i++)
        {
            if (first + i < end) fetch.Begin(p, first + i, shared + (uint)(i * StageBytes<TTile>()));
            CpAsync.Commit();
        }
        MmaWarpSums sums = MmaWarpSums.Zero();
        uint stage = 0, free = (Stages - 1) * (uint)StageBytes<TTile>();
        for (int i = first; i < end; i++)
        {
            CpAsync.WaitForAllButTwo();
            Group.Barrier();
            if (i + Stages - 1 < end) fetch.Begin(p, i + Stages - 1, shared + free);
            CpAsync.Commit();
            // The second half's pieces are the first's with bit 1 of their number turned.
            sums = Half<TTile, TMath, TGate>(sums, pixels + stage, filters + stage, gates + stage);
            sums = Half<TTile, TMath, TGate>(sums, (pixels + stage) ^ 32, (filters + stage) ^ 32, gates + stage + 32);
            free = stage;
            stage = stage == (Stages - 1) * (uint)StageBytes<TTile>() ? 0 : stage + (uint)StageBytes<TTile>();
        }

        // All warps are done with the last step: its memory serves to bring each pixel's filters together.
        Group.Barrier();
        uint place = shared + (uint)(warp * TensorRows.ExchangeBytes);
        TensorRows.Store<TStorage>(p, block, block.Pixel + row, block.Filter + column, place, sums.P0);
        TensorRows.Store<TStorage>(p, block, block.Pixel + row + 16, block.Filter + column, place, sums.P16);
        if (default(TTile).IsTall)
        {
            TensorRows.Store<TStorage>(p, block, block.Pixel + row + 32, block.Filter + column, place, sums.P32);
            TensorRows.Store<TStorage>(p, block, block.Pixel + row + 48, block.Filter + column, place, sums.P48);
        }
    }

    /// <summary>Adds the products of half a step.</summary>
    private static MmaWarpSums Half<TTile, TMath, TGate>(MmaWarpSums sums, uint pixels, uint filters, uint gates)
        where TTile : struct, IMmaTile where TMath : struct, IMmaMath where TGate : struct, IGate
    {
        UInt4 b0 = LdMatrix.Load(filters), b1 = LdMatrix.Load(filters + (16 * RowBytes));
        uint gate0 = 0, gate1 = 0;
        if (default(TGate).Exists)
        {
            gate0 = Shared.LoadUInt(gates);
            gate1 = Shared.LoadUInt(gates + 16);
        }
        sums.P0 = sums.P0.PlusProduct<TMath>(Fragment<TMath, TGate>(pixels, gate0, gate1), b0, b1);
        sums.P16 = sums.P16.PlusProduct<TMath>(Fragment<TMath, TGate>(pixels + (16 * RowBytes), gate0, gate1), b0, b1);
        if (default(TTile).IsTall)
        {
            sums.P32 = sums.P32.PlusProduct<TMath>(Fragment<TMath, TGate>(pixels + (32 * RowBytes), gate0, gate1), b0, b1);
            sums.P48 = sums.P48.PlusProduct<TMath>(Fragment<TMath, TGate>(pixels + (48 * RowBytes), gate0, gate1), b0, b1);
        }
        return sums;
    }

    private static UInt4 Fragment<TMath, TGate>(uint address, uint gate0, uint gate1) where TMath : struct, IMmaMath where TGate : struct,
        IGate
    {
        UInt4 fragment = LdMatrix.Load(address);
        return default(TGate).Exists ? default(TMath).PrepareGated(fragment, gate0, gate1) : default(TMath).Prepare(fragment);
    }
}
