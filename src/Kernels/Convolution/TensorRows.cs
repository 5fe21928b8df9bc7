using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>Shared memory of the tensor cores' convolutions: where pieces of rows lie, and the exchange behind the last step.</summary>
internal static class TensorRows
{
    // 8 floats more than a row's 32: then four rows' pairs of floats lie in different banks. Wgmma's stores know this number.
    private const int ExchangeRow = 40 * sizeof(float);

    /// <summary>What a warp needs to bring 16 pixels' filters together.</summary>
    public const int ExchangeBytes = 16 * ExchangeRow;

    /// <summary>
    /// Where a row's 16-byte piece lies in a stage. Pieces are exchanged so that eight rows' ones lie in different banks: of rows of
    /// 128 bytes by the row's number, which is wgmma's 128-byte swizzle; of 64 bytes, two of which fill the banks, by half of it.
    /// </summary>
    public static uint Piece<T>(int row, int piece) where T : struct, ITensorTile => default(T).RowBytes == 128
        ? (uint)((row * 128) + ((piece ^ (row & 7)) << 4))
        : (uint)((row * 64) + ((piece ^ ((row >> 1) & 3)) << 4));

    /// <summary>
    /// Stores a warp's 16 pixels by 32 filters. A lane's sums are pairs of filters of many pixels; through shared memory it gets eight
    /// filters of two pixels, to store them at once.
    /// </summary>
    public static void Store<T>(ConvParameters p, ConvBlock block, int pixel, int filter, uint place, MmaSums sums) where T : struct,
        IStorage
    {
        uint mine = Pairs(place);
        Write(mine, sums.F0);
        Write(mine + 32, sums.F8);
        Write(mine + 64, sums.F16);
        Write(mine + 96, sums.F24);
        StoreExchanged<T>(p, block, pixel, filter, place);
    }

    /// <summary>Where this lane's pairs of sums go in the exchange.</summary>
    public static uint Pairs(uint place) => place + (uint)((Warp.LaneIdx / 4 * ExchangeRow) + (Warp.LaneIdx % 4 * 8));

    /// <summary>The second half of <see cref="Store"/>, once all lanes have written their pairs.</summary>
    public static void StoreExchanged<T>(ConvParameters p, ConvBlock block, int pixel, int filter, uint place) where T : struct, IStorage
    {
        int lane = Warp.LaneIdx;
        Warp.Barrier();
        uint row = place + (uint)((lane / 4 * ExchangeRow) + (lane % 4 * 32));
        for (int half = 0; half < 16; half += 8)
            ConvOutput.Store<T>(p, block, pixel + (lane / 4) + half, filter + (lane % 4 * 8), Read(row + (uint)(half * ExchangeRow)));
        // The next 16 pixels use the same place.
        Warp.Barrier();
    }

    private static void Write(uint address, Float4 sums)
    {
        Shared.Store(address, sums.X, sums.Y);
        Shared.Store(address + (8 * ExchangeRow), sums.Z, sums.W);
    }

    private static Float8 Read(uint address)
    {
        Float8 result;
        result.Low = Shared.LoadFloat4(address);
        result.High = Shared.LoadFloat4(address + 16);
        return result;
    }
}
