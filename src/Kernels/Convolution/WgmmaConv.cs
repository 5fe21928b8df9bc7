using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// Convolution of halves on Hopper's tensor cores as an implicit matrix product of M pixels by N filters for each block. A step is
/// 64 halves of the reduction; shared memory holds 3 or 4, each a row of 128 bytes for each pixel, then for each filter. While the
/// cores multiply one step, the next ones are on their way; a step's memory is filled again behind the barrier by which all
/// warpgroups have waited for the products that read it.
/// </summary>
internal static class WgmmaConv
{
    public static int StageBytes<T>() where T : struct, IWgmmaTile => (default(T).M + default(T).N) * default(T).RowBytes;

    public static int SharedBytes<T>() where T : struct, IWgmmaTile => default(T).Stages * StageBytes<T>();

    public static void Run<T, TFence>(ConvParameters p) where T : struct, IWgmmaTile where TFence : struct, IProxyFence
    {
        Wgmma.DeclareSums();
        int warp = Group.IdxX / 32, ahead = default(T).Stages - 2;
        ConvBlock block = ConvBlock.Of(p, default(T).M, default(T).N);
        var fetch = new TensorFetch<T, F16, NoGate>(p, block);
        uint shared = Shared.Base();
        long pixels = Wgmma.Describe(shared + (uint)(warp / 4 * 64 * default(T).RowBytes)),
            filters = Wgmma.Describe(shared + (uint)(default(T).M * default(T).RowBytes));

        int first = block.FirstStep(p), end = block.EndStep(p);
        for (int i = 0; i < ahead; i++)
        {
            if (first + i < end) fetch.Begin(p, first + i, shared + (uint)(i * StageBytes<T>()));
            CpAsync.Commit();
        }
        int stage = 0, free = ahead;
        for (int i = first; i < end; i++)
        {
            if (default(T).Stages == 4) CpAsync.WaitForAllButOne();
            else CpAsync.WaitForAll();
            if (default(TFence).Exists) Wgmma.FenceShared();
            Group.Barrier();
            Wgmma.Fence();
            long offset = stage * (StageBytes<T>() / 16);
            // One after the other: a loop would keep the assembler from letting them run on.
            Multiply<T>(pixels + offset, filters + offset);
            Multiply<T>(pixels + offset + 2, filters + offset + 2);
            Multiply<T>(pixels + offset + 4, filters + offset + 4);
            Multiply<T>(pixels + offset + 6, filters + offset + 6);
            Wgmma.Commit();
            if (i + ahead < end) fetch.Begin(p, i + ahead, shared + (uint)(free * StageBytes<T>()));
            CpAsync.Commit();
            Wgmma.WaitForAllButOne();
            stage = stage == default(T).Stages - 1 ? 0 : stage + 1;
            free = free == default(T).Stages - 1 ? 0 : free + 1;
        }

        // When all warpgroups' products are done, their memory serves to bring each pixel's filters together.
        Wgmma.WaitForAll();
        Group.Barrier();
        uint place = shared + (uint)(warp * TensorRows.ExchangeBytes), pairs = TensorRows.Pairs(place);
        int pixel = block.Pixel + (warp * 16);
        Wgmma.StoreSums0(pairs);
        TensorRows.StoreExchanged<F16>(p, block, pixel, block.Filter, place);
        Wgmma.StoreSums32(pairs);
        TensorRows.StoreExchanged<F16>(p, block, pixel, block.Filter + 32, place);
        if (default(T).N == 64) return;
        Wgmma.StoreSums64(pairs);
        TensorRows.StoreExchanged<F16>(p, block, pixel, block.Filter + 64, place);
        Wgmma.StoreSums96(pairs);
        TensorRows.StoreExchanged<F16>(p, block, pixel, block.Filter + 96, place);
    }

    private static void Multiply<T>(long pixels, long filters) where T : struct, IWgmmaTile
    {
        if (default(T).N == 128) Wgmma.Multiply128(pixels, filters);
        else Wgmma.Multiply64(pixels, filters);
    }
}
