using CsCheck;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Imaging.Tests.Evaluation;

public sealed class MaskScoreTests
{
    private static readonly Gen<(LungMask A, LungMask B)> Masks =
        Gen.Select(Gen.Int[1, 14], Gen.Int[1, 14], Gen.Int[0, 10], Gen.Int[0, 10]).SelectMany((width, height, a, b) =>
            Gen.Select(Mask(width, height, a), Mask(width, height, b)));

    private static readonly Gen<PixelSpacing> Spacings =
        Gen.Select(Gen.Double[0.05, 4], Gen.Double[0.05, 4]).Select((row, column) => new PixelSpacing(row, column));

    private static Gen<LungMask> Mask(int width, int height, int tenths) =>
        Gen.Int[0, 9].Array[width * height].Select(
            values => new LungMask(width, height, Array.ConvertAll(values, v => v < tenths ? (byte)1 : (byte)0)));

    [Fact]
    public void Overlap_is_that_of_sets_of_pixels() => Masks.Sample((a, b) =>
    {
        HashSet<int> r = Lung(a), p = Lung(b);
        int both = r.Intersect(p).Count(), either = r.Union(p).Count();
        var overlap = MaskOverlap.Of(a, b);
        Assert.Equal(either - both, overlap.Differing);
        if (either == 0)
        {
            Assert.Equal((1, 1, 1, 1), (overlap.Dice, overlap.Iou, overlap.Precision, overlap.Recall));
            return;
        }
        Assert.Equal(2.0 * both / (r.Count + p.Count), overlap.Dice, 12);
        Assert.Equal((double)both / either, overlap.Iou, 12);
        Assert.Equal(p.Count == 0 ? 0 : (double)both / p.Count, overlap.Precision, 12);
        Assert.Equal(r.Count == 0 ? 0 : (double)both / r.Count, overlap.Recall, 12);
    });

    [Fact]
    public void The_distance_transform_is_the_distance_to_the_nearest_pixel() => Masks.Sample((mask, _) =>
    {
        DistanceTransform transform = new(mask);
        double[] row = new double[mask.Width];
        for (int y = 0; y < mask.Height; y++)
        {
            transform.SquaredRow(y, row);
            for (int x = 0; x < mask.Width; x++)
                Assert.Equal(Nearest(mask, x, y, new PixelSpacing(1, 1)), row[x]);
        }
    });

    [Fact]
    public void Millimetres_count_rows_and_columns_by_their_own_spacing() => Gen.Select(Masks, Spacings).Sample((masks, spacing) =>
    {
        DistanceTransform transform = new(masks.A, spacing);
        double[] row = new double[masks.A.Width];
        for (int y = 0; y < masks.A.Height; y++)
        {
            transform.SquaredRow(y, row);
            for (int x = 0; x < masks.A.Width; x++)
            {
                double expected = Nearest(masks.A, x, y, spacing);
                Assert.True(expected == row[x] || Math.Abs(expected - row[x]) <= 1e-12 * expected, $"{expected} expected, {row[x]} found");
            }
        }
    });

    [Fact]
    public void Surface_distances_are_those_of_the_definition() => Gen.Select(Masks, Spacings).Sample((masks, spacing) =>
    {
        (LungMask a, LungMask b) = masks;
        MaskScore score = MaskScore.Of(a, b, spacing);
        if (a.Area == 0 != (b.Area == 0))
        {
            Assert.Null(score.Pixels);
            Assert.Null(score.Millimetres);
            return;
        }
        Check(a, b, new PixelSpacing(1, 1), score.Pixels!.Value);
        Check(a, b, spacing, score.Millimetres!.Value);
        Assert.Equal(score.Pixels!.Value.Average, MaskScore.Of(b, a).Pixels!.Value.Average, 12);
    });

    [Fact]
    public void A_square_moved_by_three_columns_is_three_pixels_off_at_most()
    {
        (LungMask a, LungMask b) = (Square(10, 10), Square(13, 10));
        SurfaceDistance d = SurfaceDistance.Between(a, b)!.Value;
        Assert.Equal(3, d.Largest);
        Assert.Equal(3, d.Percentile95);
        Assert.InRange(d.Average, 1, 2);
        Assert.Equal(1.5, SurfaceDistance.Between(a, b, new PixelSpacing(0.1, 0.5))!.Value.Largest);
        Assert.Equal(default, SurfaceDistance.Between(a, a)!.Value);
    }

    [Fact]
    public void Masks_of_two_sizes_are_refused()
    {
        LungMask small = new(4, 4, new byte[16]), large = new(5, 4, new byte[20]);
        Assert.Contains("5 x 4", Assert.Throws<ImageException>(() => MaskOverlap.Of(small, large)).Message);
        Assert.Throws<ImageException>(() => SurfaceDistance.Between(small, large));
    }

    private static void Check(LungMask a, LungMask b, PixelSpacing spacing, SurfaceDistance found)
    {
        double[] there = Distances(a, b, spacing), back = Distances(b, a, spacing), all = [.. there, .. back];
        Assert.Equal(all.DefaultIfEmpty().Average(), found.Average, 1e-12);
        Assert.Equal(all.DefaultIfEmpty().Max(), found.Largest, 1e-12);
        Assert.Equal(all.Length == 0 ? 0 : Math.Max(Percentile(there), Percentile(back)), found.Percentile95, 1e-12);
    }

    // Written as the definition reads: the value below which 95 % of the sorted distances lie, linear between them.
    private static double Percentile(double[] values)
    {
        double[] sorted = [.. values.Order()];
        double place = 0.95 * (sorted.Length - 1);
        (int low, int high) = ((int)Math.Floor(place), (int)Math.Ceiling(place));
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }

    private static double[] Distances(LungMask from, LungMask to, PixelSpacing spacing)
    {
        LungMask edge = Edge(to);
        return [.. Points(Edge(from)).Select(p => Math.Sqrt(Nearest(edge, p.X, p.Y, spacing)))];
    }

    private static LungMask Edge(LungMask mask) =>
        new(mask.Width, mask.Height, [.. Enumerable.Range(0, mask.Width * mask.Height).Select(i =>
    {
        (int x, int y) = (i % mask.Width, i / mask.Width);
        bool inner = At(x - 1, y) && At(x + 1, y) && At(x, y - 1) && At(x, y + 1);
        return mask[x, y] && !inner ? (byte)1 : (byte)0;

        bool At(int column, int row) => column >= 0 && row >= 0 && column < mask.Width && row < mask.Height && mask[column, row];
    })]);

    private static double Nearest(LungMask mask, int x, int y, PixelSpacing spacing) => Points(mask)
        .Select(p => Math.Pow((p.X - x) * spacing.ColumnMillimetres, 2) + Math.Pow((p.Y - y) * spacing.RowMillimetres, 2))
        .DefaultIfEmpty(double.PositiveInfinity)
        .Min();

    private static IEnumerable<(int X, int Y)> Points(LungMask mask) =>
        Lung(mask).Select(i => (i % mask.Width, i / mask.Width));

    private static HashSet<int> Lung(LungMask mask) => [.. Enumerable.Range(0, mask.Width * mask.Height).Where(i => mask.Pixels[i] != 0)];

    private static LungMask Square(int left, int top) => new(40, 40,
        [.. Enumerable.Range(0, 1600)
            .Select(i => i % 40 >= left && i % 40 < left + 12 && i / 40 >= top && i / 40 < top + 12 ? (byte)1 : (byte)0)]);
}
