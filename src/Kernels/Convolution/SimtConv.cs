using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// Convolution in strict float32 on any GPU, as an implicit matrix product of M pixels by N filters for each block, 8 deep.
/// Shared memory holds two steps, each [k][pixel] and [k][filter], then the saved block: one step is computed on while the next is
/// fetched to registers. A thread's pixels and filters come in runs of 4, half a tile apart, so that a warp reads neighbouring 16
/// bytes.
/// </summary>
internal static class SimtConv
{
    public const int K = 8;

    public static int Threads<T>() where T : struct, ISimtTile => default(T).M * default(T).N / (default(T).IsWide ? 64 : 32);

    public static int SharedBytes<T>() where T : struct,
        ISimtTile => (2 * K * (default(T).M + default(T).N) * sizeof(float)) + ConvBlock.SavedBytes;

    public static void Run<T>(ConvParameters p) where T : struct, ISimtTile
    {
        int m = default(T).M, n = default(T).N, columns = default(T).IsWide ? n / 8 : n / 4;
        int step = K * (m + n) * sizeof(float);
        ConvBlock block = ConvBlock.Of(p, m, n);

        // Fetching: a thread takes one pixel's 4 neighbouring elements of a step, or all 8 if there are few threads, and 4 filters.
        var fetch = new SimtFetch<T>(p, block);
        // Computing: where the thread's pixels and filters begin in a step.
        uint shared = Shared.Base();
        int thread = Group.IdxX, row = thread / columns, column = thread - (row * columns);
        uint pixels = shared + (uint)(row * 16), filters = shared + (uint)((K * m * sizeof(float)) + (column * 16));

        SimtSums sums = SimtSums.Zero();
        block.Save(shared + (uint)(2 * step));
        int first = block.FirstStep(p), end = block.EndStep(p);
        SimtFetch<T>.Store(shared, fetch.LoadPixel(p, first));
        SimtFetch<T>.Store(shared, fetch.LoadFilters(p, first));
        Group.Barrier();
        uint current = 0;
        for (int i = first; i < end; i++)
        {
            // The next step's pixels come during the first half of this one, its filters during the second: fewer registers hold them.
            // Row after row is written out: around a loop the assembler would move the sums from register to register.
            int next = i + 1 < end ? i + 1 : i;
            uint a = pixels + current, b = filters + current;
            current = (uint)step - current;
            Float8 nextPixel = fetch.LoadPixel(p, next);
            sums = sums.PlusRow<T>(a, b, 0);
            sums = sums.PlusRow<T>(a, b, 1);
            sums = sums.PlusRow<T>(a, b, 2);
            sums = sums.PlusRow<T>(a, b, 3);
            SimtFetch<T>.Store(shared + current, nextPixel);
            Float4 nextFilters = fetch.LoadFilters(p, next);
            sums = sums.PlusRow<T>(a, b, 4);
            sums = sums.PlusRow<T>(a, b, 5);
            sums = sums.PlusRow<T>(a, b, 6);
            sums = sums.PlusRow<T>(a, b, 7);
            SimtFetch<T>.Store(shared + current, nextFilters);
            Group.Barrier();
        }

        block = ConvBlock.Saved(shared + (uint)(2 * step));
        int pixel = block.Pixel + (row * 4), filter = block.Filter + (column * 4);
        Store(p, block, pixel, m / 2, filter, sums.Left);
        if (default(T).IsWide) Store(p, block, pixel, m / 2, filter + (n / 2), sums.Right);
    }

    private static void Store(ConvParameters p, ConvBlock block, int pixel, int half, int filter, Sums8x4 sums)
    {
        ConvOutput.Store(p, block, pixel, filter, sums.R0);
        ConvOutput.Store(p, block, pixel + 1, filter, sums.R1);
        ConvOutput.Store(p, block, pixel + 2, filter, sums.R2);
        ConvOutput.Store(p, block, pixel + 3, filter, sums.R3);
        ConvOutput.Store(p, block, pixel + half, filter, sums.R4);
        ConvOutput.Store(p, block, pixel + half + 1, filter, sums.R5);
        ConvOutput.Store(p, block, pixel + half + 2, filter, sums.R6);
        ConvOutput.Store(p, block, pixel + half + 3, filter, sums.R7);
    }
}
