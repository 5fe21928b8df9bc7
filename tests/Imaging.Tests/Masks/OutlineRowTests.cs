using CsCheck;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests.Masks;

public sealed class OutlineRowTests
{
    [Fact]
    public void The_outline_is_where_the_chamfer_distance_to_background_is_small()
    {
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 9], Gen.Int).Sample(
            (width, height, reach, seed) =>
            {
                Random random = new(seed);
                byte[] pixels = new byte[width * height];
                for (int i = 0; i < 12; i++)
                {
                    (int x, int y) = (random.Next(width), random.Next(height));
                    for (int r = y; r < Math.Min(height, y + random.Next(30)); r++)
                        pixels.AsSpan(r * width + x, Math.Min(width - x, 20)).Fill((byte)(random.Next(4) == 0 ? 0 : 1));
                }
                SidedMask mask = SidedMask.Of(new LungMask(width, height, pixels), null);
                int[] depth = ChamferDistance(pixels, width, height);
                OutlineRow outline = new(mask, reach);
                for (int y = 0; y < height; y++)
                {
                    ReadOnlySpan<byte> near = outline.Of(y);
                    for (int x = 0; x < width; x++)
                        if (pixels[y * width + x] != 0)
                            Assert.Equal(depth[y * width + x] <= 3 * reach, near[x] != 0);
                }
            },
            iter: 300, threads: 1);
    }

    /// <summary>Distances to the background by two sweeps, in thirds of a pixel: 3 to a neighbour at a side, 4 at a corner.</summary>
    private static int[] ChamferDistance(byte[] pixels, int width, int height)
    {
        const int Far = int.MaxValue / 2;
        int[] depth = Array.ConvertAll(pixels, p => p == 0 ? 0 : Far);
        void Sweep(int step)
        {
            for (int i = step > 0 ? 0 : pixels.Length - 1; i >= 0 && i < pixels.Length; i += step)
                foreach ((int dx, int dy, int weight) in (ReadOnlySpan<(int, int, int)>)[
                    (-step, 0, 3), (0, -step, 3), (-step, -step, 4), (step, -step, 4)])
                {
                    (int x, int y) = (i % width + dx, i / width + dy);
                    if (x >= 0 && x < width && y >= 0 && y < height)
                        depth[i] = Math.Min(depth[i], depth[y * width + x] + weight);
                }
        }
        Sweep(1);
        Sweep(-1);
        return depth;
    }
}
