using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Attention;

/// <summary>
/// First step of position attention: scores center · topᵀ. A block of 64 threads makes 32 x 32 of them, a thread 4 x 4, 8 channels
/// at a time. Shared memory: [channel][pixel] of center, then of top. Each tile leaves its greatest score.
/// </summary>
internal static class AttentionScores
{
    public const int Threads = 64, Tile = AttentionParameters.Tile, SharedBytes = 2 * 8 * Tile * sizeof(float);

    /// <summary>Grid x counts tiles of top's pixels, y of center's, z images.</summary>
    public static void Run<T>(AttentionParameters p) where T : struct, IStorage
    {
        int pixels = p.Top.Height * p.Top.Width, thread = Group.IdxX, row = thread / 8, column = thread % 8, side = thread / Tile,
            lane = thread % Tile;
        int width = default(T).Width, depth = IntMath.DivideUp(p.Top.Channels, width) * width;
        int firstRow = Grid.IdxY * Tile, firstColumn = Grid.IdxX * Tile;
        uint shared = Shared.Base(), mine = shared + (uint)(((side * 8 * Tile) + lane) * sizeof(float));
        DeviceMap map = side == 0 ? p.Center : p.Top;
        int pixel = side == 0 ? firstRow + lane : firstColumn + lane;
        Sums4x4 sums = Sums4x4.Zero();
        for (int channel = 0; channel < depth; channel += width)
        {
            Tiles.StoreColumn(mine, default(T).LoadOrZero(map.Element<T>(Grid.IdxZ, pixel, channel), pixel < pixels));
            Group.Barrier();
            sums = Tiles.MultiplyAdd(sums, shared + (uint)(row * 16), shared + (uint)((8 * Tile * sizeof(float)) + (column * 16)));
            Group.Barrier();
        }

        long place = p.Scores + (((((long)Grid.IdxZ * pixels) + firstRow + (row * 4)) * p.ScoreStride) + firstColumn + (column * 4))
            * sizeof(float);
        int y = firstRow + (row * 4), x = firstColumn + (column * 4), rows = pixels - y;
        long step = p.ScoreStride * (long)sizeof(float);
        if (x < p.ScoreStride)
        {
            if (rows > 0) Global.Store(place, sums.R0);
            if (rows > 1) Global.Store(place + step, sums.R1);
            if (rows > 2) Global.Store(place + (2 * step), sums.R2);
            if (rows > 3) Global.Store(place + (3 * step), sums.R3);
        }
        float greatest = Greatest(sums.R0, pixels - x, rows > 0);
        greatest = Reduction.Greater(greatest, Greatest(sums.R1, pixels - x, rows > 1));
        greatest = Reduction.Greater(greatest, Greatest(sums.R2, pixels - x, rows > 2));
        greatest = Reduction.Greater(greatest, Greatest(sums.R3, pixels - x, rows > 3));
        greatest = Reduction.WarpMax(greatest);
        if (Warp.LaneIdx == 0) Shared.Store(shared + (uint)(thread / 32 * sizeof(float)), greatest);
        Group.Barrier();
        if (thread != 0) return;
        greatest = Reduction.Greater(Shared.LoadFloat(shared), Shared.LoadFloat(shared + sizeof(float)));
        int tiles = AttentionParameters.Tiles(pixels);
        Global.Store(p.Greatest + ((((((long)Grid.IdxZ * tiles) + Grid.IdxY) * tiles) + Grid.IdxX) * sizeof(float)), greatest);
    }

    private static float Greatest(Float4 scores, int columns, bool exists)
    {
        float greatest = float.NegativeInfinity;
        if (exists & columns > 0) greatest = scores.X;
        if (exists & columns > 1) greatest = Reduction.Greater(greatest, scores.Y);
        if (exists & columns > 2) greatest = Reduction.Greater(greatest, scores.Z);
        if (exists & columns > 3) greatest = Reduction.Greater(greatest, scores.W);
        return greatest;
    }
}
