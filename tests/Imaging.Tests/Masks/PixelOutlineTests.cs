using CsCheck;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests.Masks;

public sealed class PixelOutlineTests
{
    [Fact]
    public void A_ring_of_pixels_has_a_hole()
    {
        byte[] pixels =
        [
            0, 1, 1, 1, 0,
            0, 1, 0, 1, 0,
            0, 1, 1, 1, 2,
        ];
        PixelPolygon polygon = Assert.Single(PixelOutline.Trace(pixels, 5, 3, 1));
        Assert.Equal((9, -1), (polygon.Outer.SignedArea, Assert.Single(polygon.Holes).SignedArea));
        Assert.Equal([(4, 0), (4, 3), (1, 3), (1, 0)], polygon.Outer.Corners);
    }

    [Fact]
    public void Pixels_that_touch_by_a_corner_are_two_polygons_and_a_hole_that_touches_the_outside_is_a_ring_of_its_own()
    {
        Assert.Equal(2, PixelOutline.Trace([1, 0, 0, 1], 2, 2, 1).Count);
        byte[] pixels =
        [
            1, 1, 1, 0,
            1, 0, 1, 0,
            1, 1, 0, 1,
            0, 0, 1, 1,
        ];
        IReadOnlyList<PixelPolygon> polygons = PixelOutline.Trace(pixels, 4, 4, 1);
        Assert.Equal([7, 3], polygons.Select(p => p.Outer.SignedArea + p.Holes.Sum(h => h.SignedArea)));
        Assert.Equal(-1, Assert.Single(polygons[0].Holes).SignedArea);
    }

    [Fact]
    public void Polygons_filled_by_the_even_odd_rule_are_the_pixels_and_no_ring_touches_itself()
    {
        Gen.Select(Gen.Int[1, 24], Gen.Int[1, 24], Gen.Int).Sample(
            (width, height, seed) =>
            {
                Random random = new(seed);
                byte[] pixels = [.. Enumerable.Range(0, width * height).Select(_ => (byte)random.Next(3))];
                byte[] filled = new byte[pixels.Length];
                foreach (Ring ring in PixelOutline.Trace(pixels, width, height, 1).SelectMany(p => p.Holes.Prepend(p.Outer)))
                {
                    Assert.Equal(ring.Corners.Length, ring.Corners.Distinct().Count());
                    for (int i = 0; i < ring.Corners.Length; i++)
                    {
                        ((int x, int y), (int toX, int toY)) = (ring.Corners[i], ring.Corners[(i + 1) % ring.Corners.Length]);
                        Assert.True((x == toX) != (y == toY));
                        for (int row = Math.Min(y, toY); row < Math.Max(y, toY); row++)
                            for (int column = x; column < width; column++)
                                filled[row * width + column] ^= 1;
                    }
                }
                Assert.Equal(pixels.Select(p => p == 1 ? (byte)1 : (byte)0), filled);
            },
            iter: 400, threads: 1);
    }
}
