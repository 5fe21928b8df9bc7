using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// Convolution in strict float32 on any GPU, as an implicit matrix product of M pixels by N filters for each block, 8 deep.
/// Shared memory holds two steps, each [k][pixel] and [k][filter]: one is computed on while the next is fetched to registers.
/// A thread's pixels and filters come in runs of 4, half a tile apart, so that a warp reads neighbouring 16 bytes.
/// </summary>
internal static class SimtConv
{
    public const int K = 8;

    public static int Threads<T>() where T : struct, ISimtTile => default(T).M * default(T).N / (default(T).IsWide ? 64 : 32);

    public static int SharedBytes<T>() where T : struct, ISimtTile => 2 * K * (default(T).M + default(T).N) * sizeof(float);

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

        Sums8x4 left = Sums8x4.Zero(), right = Sums8x4.Zero();
        int first = block.FirstStep(p), end = block.EndStep(p);
        fetch.Load(p, first).Store(shared);
        Group.Barrier();
        uint current = 0;
        for (int i = first; i < end; i++)
        {
            SimtStep<T> next = fetch.Load(p, i + 1 < end ? i + 1 : i);
            // Two at a time, so that the second's operands come while the first is computed.
            for (int k = 0; k < K; k += 2)
            {
                uint a = pixels + current + (uint)(k * m * sizeof(float)), b = filters + current + (uint)(k * n * sizeof(float));
                Float8 values = Pixels<T>(a), others = Pixels<T>(a + (uint)(m * sizeof(float)));
                left = left.PlusOuter(values, Shared.LoadFloat4(b));
                if (default(T).IsWide) right = right.PlusOuter(values, Shared.LoadFloat4(b + (uint)(n * 2)));
                left = left.PlusOuter(others, Shared.LoadFloat4(b + (uint)(n * sizeof(float))));
                if (default(T).IsWide) right = right.PlusOuter(others, Shared.LoadFloat4(b + (uint)(n * 6)));
            }
            current = (uint)step - current;
            next.Store(shared + current);
            Group.Barrier();
        }

        int pixel = block.Pixel + (row * 4), filter = block.Filter + (column * 4);
        Store(p, block, pixel, m / 2, filter, left);
        if (default(T).IsWide) Store(p, block, pixel, m / 2, filter + (n / 2), right);
    }

    /// <summary>A thread's 8 pixels: 4, and 4 half a tile on.</summary>
    private static Float8 Pixels<T>(uint address) where T : struct, ISimtTile
    {
        Float8 result;
        result.Low = Shared.LoadFloat4(address);
        result.High = Shared.LoadFloat4(address + (uint)(default(T).M * 2));
        return result;
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
