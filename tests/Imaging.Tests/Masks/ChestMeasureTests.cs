using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Quality;
using LungSeg.Imaging.Tests.Outputs;

namespace LungSeg.Imaging.Tests.Masks;

public sealed class ChestMeasureTests
{
    private const int Width = 100, Height = 80;

    /// <summary>
    /// The patient's right lung: 20 wide, 40 high; the left: 16 wide, 50 high; a pixel of the right one is off its column at the top.
    /// </summary>
    private static LungSegmentation Result(float[]? probabilities = null)
    {
        byte[] pixels = new byte[Width * Height];
        Fill(pixels, 15, 20, 35, 60);
        Fill(pixels, 60, 12, 76, 62);
        Fill(pixels, 20, 18, 23, 20);
        return Results.Of(new Radiograph(Width, Height, 1, 8, new ushort[Width * Height]), new LungMask(Width, Height, pixels),
            probabilities);
    }

    private static void Fill(byte[] pixels, int left, int top, int right, int bottom)
    {
        for (int y = top; y < bottom; y++)
            pixels.AsSpan(y * Width + left, right - left).Fill(1);
    }

    [Fact]
    public void Heights_widths_apices_bases_and_ratios_are_those_of_the_mask()
    {
        ChestMeasures chest = Result().Chest;
        LungMeasures right = chest.Of(LungSide.Right)!, left = chest.Of(LungSide.Left)!;
        Assert.Equal((20 * 40 + 6, 20, 42), (right.Area, right.Width, right.Height));
        Assert.Equal((16 * 50, 16, 50), (left.Area, left.Width, left.Height));
        Assert.Equal((new LungPoint(21, 18), new LungPoint(24.5, 59)), (right.Apex, right.Base));
        Assert.Equal((new LungPoint(67.5, 12), new LungPoint(67.5, 61)), (left.Apex, left.Base));
        Assert.Equal((806.0 / 800, 42.0 / 50, 20.0 / 16), (chest.AreaRatio, chest.HeightRatio, chest.WidthRatio));
        Assert.Equal((6, -2), (chest.ApexDifference, chest.BaseDifference));
        Assert.Equal(new LungSpan(20, 15, 76), chest.WidestSpan);
    }

    [Fact]
    public void Without_one_of_the_lungs_there_is_nothing_to_compare()
    {
        byte[] pixels = new byte[Width * Height];
        Fill(pixels, 15, 20, 35, 60);
        ChestMeasures chest = (Result() with { Mask = new LungMask(Width, Height, pixels) }).Chest;
        Assert.NotNull(chest.Of(LungSide.Right));
        Assert.Null(chest.Of(LungSide.Left));
        Assert.Equal((null, null, null, null, null),
            (chest.AreaRatio, chest.HeightRatio, chest.ApexDifference, chest.BaseDifference, chest.WidestSpan));
    }

    [Fact]
    public void Doubt_is_counted_at_the_nearer_lung()
    {
        float[] probabilities = new float[Width * Height];
        byte[] doubtful = new byte[Width * Height];
        Fill(doubtful, 10, 30, 15, 50);
        Fill(doubtful, 76, 30, 78, 50);
        for (int i = 0; i < probabilities.Length; i++)
            probabilities[i] = doubtful[i] == 1 ? 0.5f : 0.02f;
        LungUncertainty uncertainty = Result(probabilities).Uncertainty;
        Assert.Equal(100.0 / 806, uncertainty.Of(LungSide.Right));
        Assert.Equal(40.0 / 800, uncertainty.Of(LungSide.Left));
        Assert.Null(uncertainty.Of(LungSide.Both));
    }

    [Fact]
    public void Where_image_and_mirror_image_disagree_the_map_is_uncertain()
    {
        float[] sure = new float[Width * Height], mirrored = new float[Width * Height];
        (sure[0], sure[1], mirrored[1]) = (1, 1, 1);
        LungSegmentation result = Result(sure) with { MirrorProbabilities = new ProbabilityMap(Width, Height, mirrored) };
        Assert.Equal([1, 0, 0], LungUncertainty.MapOf(result).Values[..3].ToArray());
        Assert.Equal([0, 0, 0], LungUncertainty.MapOf(result with { MirrorProbabilities = null }).Values[..3].ToArray());
    }

    [Fact]
    public void A_mirror_image_of_a_mirror_image_is_the_image()
    {
        (Radiograph image, _) = SyntheticRadiograph.Draw(65, 40, seed: 2);
        Radiograph mirrored = image.Mirrored();
        Assert.Equal(image.Samples[64], mirrored.Samples[0]);
        Assert.Equal(!image.PatientLeftIsOnTheRight, mirrored.PatientLeftIsOnTheRight);
        Assert.True(mirrored.Mirrored().Samples.SequenceEqual(image.Samples));
        ProbabilityMap map = new(3, 2, [1, 2, 3, 4, 5, 6]);
        Assert.Equal([3, 2, 1, 6, 5, 4], map.Mirrored().Values.ToArray());
    }

    [Fact]
    public void Every_pixel_belongs_to_the_nearest_lung()
    {
        byte[] sides = new byte[Width * Height];
        sides[40 * Width + 10] = 1;
        sides[40 * Width + 90] = 2;
        byte[] territory = LungTerritory.Of(sides, Width, Height);
        Assert.All(Enumerable.Range(0, Width * Height), i =>
        {
            int x = i % Width, one = Math.Abs(x - 10), other = Math.Abs(x - 90);
            Assert.Equal(one <= other ? 1 : 2, territory[i]);
        });
        bool[] wanted = new bool[Width * Height];
        (wanted[40 * Width + 12], wanted[38 * Width + 50], wanted[45 * Width + 80]) = (true, true, true);
        byte[] part = LungTerritory.Of(sides, Width, Height, wanted);
        Assert.All(Enumerable.Range(0, Width * Height).Where(i => wanted[i]), i => Assert.Equal(territory[i], part[i]));
        Assert.Contains((byte)0, part);
        Assert.All(LungTerritory.Of(new byte[12], 4, 3), value => Assert.Equal(0, value));
        sides[40 * Width + 90] = 0;
        Assert.All(LungTerritory.Of(sides, Width, Height), value => Assert.Equal(1, value));
    }
}
