using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Attention;

/// <summary>
/// Second step: a block turns one row of scores into exponentials of their distance from the whole map's greatest score, and leaves
/// the row's sum.
/// </summary>
internal static class AttentionExponentials
{
    public const int Threads = 128, SharedBytes = 2 * Threads / 32 * sizeof(float);

    private const float Log2E = 1.44269504f;

    /// <summary>Grid x counts rows, y images.</summary>
    public static void Run(AttentionParameters p)
    {
        int pixels = p.Top.Height * p.Top.Width, tiles = AttentionParameters.Tiles(pixels) * AttentionParameters.Tiles(pixels);
        uint shared = Shared.Base();
        float greatest = float.NegativeInfinity;
        for (int i = Group.IdxX; i < tiles; i += Threads)
            greatest = Reduction.Greater(greatest, Global.LoadFloat(p.Greatest + ((((long)Grid.IdxY * tiles) + i) * sizeof(float))));
        greatest = Reduction.WarpMax(greatest);
        if (Warp.LaneIdx == 0) Shared.Store(shared + (uint)(Group.IdxX / 32 * sizeof(float)), greatest);
        Group.Barrier();
        Float4 four = Shared.LoadFloat4(shared);
        greatest = Reduction.Greater(Reduction.Greater(four.X, four.Y), Reduction.Greater(four.Z, four.W));

        long row = p.Scores + ((((long)Grid.IdxY * pixels) + Grid.IdxX) * p.ScoreStride * sizeof(float));
        float sum = 0;
        for (int i = Group.IdxX * 4; i < p.ScoreStride; i += Threads * 4)
        {
            Float4 scores = Global.LoadFloat4(row + (i * (long)sizeof(float)));
            scores.X = Exponential(scores.X, greatest, i < pixels);
            scores.Y = Exponential(scores.Y, greatest, i + 1 < pixels);
            scores.Z = Exponential(scores.Z, greatest, i + 2 < pixels);
            scores.W = Exponential(scores.W, greatest, i + 3 < pixels);
            Global.Store(row + (i * (long)sizeof(float)), scores);
            sum += scores.X + scores.Y + (scores.Z + scores.W);
        }
        sum = Reduction.WarpSum(sum);
        if (Warp.LaneIdx == 0) Shared.Store(shared + (uint)((4 + (Group.IdxX / 32)) * sizeof(float)), sum);
        Group.Barrier();
        if (Group.IdxX != 0) return;
        four = Shared.LoadFloat4(shared + 16);
        Global.Store(p.Sums + ((((long)Grid.IdxY * pixels) + Grid.IdxX) * sizeof(float)), four.X + four.Y + (four.Z + four.W));
    }

    private static float Exponential(float score, float greatest, bool exists) => exists ? Scalar.Exp2((score - greatest) * Log2E) : 0;
}
