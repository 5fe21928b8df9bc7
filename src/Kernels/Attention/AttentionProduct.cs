using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Attention;

/// <summary>
/// Third step: the exponentials times bottomᵀ, divided by the map's sum. A block of 64 threads makes 32 pixels by 32 channels, a
/// thread 4 x 4, 8 pixels of the sum at a time. Element (i, c) of the product is element i · C + c of the result read as C x H x W.
/// </summary>
internal static class AttentionProduct
{
    public const int Threads = 64, Tile = AttentionParameters.Tile, SharedBytes = 2 * 8 * Tile * sizeof(float);

    /// <summary>Grid x counts tiles of channels (of padded ones), y of pixels, z images.</summary>
    public static void Run<T>(AttentionParameters p) where T : struct, IStorage
    {
        int pixels = p.Bottom.Height * p.Bottom.Width, thread = Group.IdxX, row = thread / 8, column = thread % 8;
        int firstPixel = Grid.IdxY * Tile, firstChannel = Grid.IdxX * Tile;
        uint shared = Shared.Base();

        // A thread brings 4 exponentials of one row, and 8 channels of one pixel of bottom or none.
        int scoreRow = firstPixel + (thread / 2), scoreColumn = thread % 2 * 4;
        uint scorePlace = shared + (uint)(((scoreColumn * Tile) + (thread / 2)) * sizeof(float));
        int valuePixel = thread / 4, valueChannel = firstChannel + (thread % 4 * 8);
        uint valuePlace = shared + (uint)(((8 * Tile) + (valuePixel * Tile) + (thread % 4 * 8)) * sizeof(float));
        long scores = p.Scores + ((((long)Grid.IdxZ * pixels) + scoreRow) * p.ScoreStride * sizeof(float));
        Sums4x4 sums = Sums4x4.Zero();
        for (int j = 0; j < pixels; j += 8)
        {
            Float4 exponentials = Global.LoadFloat4OrZero(scores + ((j + scoreColumn) * (long)sizeof(float)),
                scoreRow < pixels & j + scoreColumn < p.ScoreStride);
            Shared.Store(scorePlace, exponentials.X);
            Shared.Store(scorePlace + (Tile * sizeof(float)), exponentials.Y);
            Shared.Store(scorePlace + (2 * Tile * sizeof(float)), exponentials.Z);
            Shared.Store(scorePlace + (3 * Tile * sizeof(float)), exponentials.W);
            if (valuePixel < 8)
            {
                bool exists = j + valuePixel < pixels & valueChannel < p.Bottom.Channels;
                Float8 values = default(T).LoadOrZero(p.Bottom.Element<T>(Grid.IdxZ, j + valuePixel, valueChannel), exists);
                Shared.Store(valuePlace, values.Low);
                Shared.Store(valuePlace + 16, values.High);
            }
            Group.Barrier();
            sums = Tiles.MultiplyAdd(sums, shared + (uint)(row * 16), shared + (uint)((8 * Tile * sizeof(float)) + (column * 16)));
            Group.Barrier();
        }

        float total = 0;
        for (int i = Warp.LaneIdx; i < pixels; i += Warp.WarpSize)
            total += Global.LoadFloat(p.Sums + ((((long)Grid.IdxZ * pixels) + i) * sizeof(float)));
        float norm = 1f / Reduction.WarpSum(total);
        int pixel = firstPixel + (row * 4), channel = firstChannel + (column * 4);
        Store<T>(p, pixel, channel, sums.R0, norm);
        Store<T>(p, pixel + 1, channel, sums.R1, norm);
        Store<T>(p, pixel + 2, channel, sums.R2, norm);
        Store<T>(p, pixel + 3, channel, sums.R3, norm);
    }

    private static void Store<T>(AttentionParameters p, int pixel, int channel, Float4 sums, float norm) where T : struct, IStorage
    {
        Store<T>(p, pixel, channel, sums.X * norm);
        Store<T>(p, pixel, channel + 1, sums.Y * norm);
        Store<T>(p, pixel, channel + 2, sums.Z * norm);
        Store<T>(p, pixel, channel + 3, sums.W * norm);
    }

    private static void Store<T>(AttentionParameters p, int pixel, int channel, float value) where T : struct, IStorage
    {
        int pixels = p.Output.Height * p.Output.Width, channels = p.Output.Channels;
        if (pixel >= pixels) return;
        if (channel < channels)
        {
            int element = (pixel * channels) + channel;
            default(T).StoreOne(p.Output.Element<T>(Grid.IdxZ, element % pixels, element / pixels), value);
        }
        else if (channels > 1 & channel < IntMath.RoundUp8(channels))
        {
            default(T).StoreOne(p.Output.Element<T>(Grid.IdxZ, pixel, channel), 0);
        }
    }
}
