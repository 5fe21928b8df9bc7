using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Tests;

public sealed class SyntheticRadiographTests
{
    private static string Sample(string name) => Path.Combine(Repository.Root, "samples", name);

    [Fact]
    public void The_committed_sample_is_drawn_again()
    {
        (Radiograph image, LungMask lungs) = SyntheticRadiograph.Draw(1024, 1024, seed: 1);
        byte[] drawn = image.To8Bit(), committed = ImageReader.Read(Sample("radiograph.png")).To8Bit();
        int different = 0;
        for (int i = 0; i < drawn.Length; i++)
        {
            different += drawn[i] == committed[i] ? 0 : 1;
            Assert.InRange(drawn[i] - committed[i], -1, 1);
        }
        // Exp and Pow may round differently on another platform; hardly a pixel is near enough to a step to show it.
        Assert.InRange(different, 0, drawn.Length / 1000);
        LungMask mask = LungMask.FromImage(ImageReader.Read(Sample("radiograph.mask.png")));
        Assert.True(mask.Pixels.SequenceEqual(lungs.Pixels));
    }

    [Fact]
    public void The_same_seed_gives_the_same_image_and_another_seed_another()
    {
        byte[] first = SyntheticRadiograph.Draw(128, 128, 7).Image.To8Bit();
        Assert.Equal(first, SyntheticRadiograph.Draw(128, 128, 7).Image.To8Bit());
        Assert.NotEqual(first, SyntheticRadiograph.Draw(128, 128, 8).Image.To8Bit());
    }

    [Theory]
    [InlineData(256, 256, 1)]
    [InlineData(320, 250, 2)]
    [InlineData(200, 333, 3)]
    [InlineData(256, 256, 4)]
    public void There_are_two_lungs_without_holes_and_they_are_darker_than_what_is_between(int width, int height, int seed)
    {
        (Radiograph image, LungMask lungs) = SyntheticRadiograph.Draw(width, height, seed);
        MaskStatistics statistics = MaskStatistics.Of(lungs, image.PatientLeftIsOnTheRight);
        Assert.Equal([LungSide.Left, LungSide.Right], statistics.Parts.Select(p => p.Side).Order().Reverse());
        Assert.True(NativeCleanup.Apply(lungs).Pixels.SequenceEqual(lungs.Pixels));
        byte[] grey = image.To8Bit();
        double inside = grey.Where((_, i) => lungs.Pixels[i] != 0).Average(g => g);
        double spine = Enumerable.Range(height / 2, height / 8).Average(y => grey[y * width + width / 2]);
        Assert.InRange(inside, 40, 110);
        Assert.True(spine > inside + 50, $"lungs {inside:f0}, spine {spine:f0}");
    }

    [Theory]
    [InlineData(31, 100)]
    [InlineData(100, 9000)]
    public void A_senseless_size_is_refused(int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SyntheticRadiograph.Draw(width, height, 1));
}
