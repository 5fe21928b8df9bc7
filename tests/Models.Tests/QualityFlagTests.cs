using LungSeg.Imaging;

namespace LungSeg.Models.Tests;

/// <summary>What the default network makes of right and wrong images, and the questions that are asked of them.</summary>
public sealed class QualityFlagTests
{
    private const int Side = 384;
    private static readonly LungSegmenter Segmenter = LungSegmenter.Load();
    private static readonly Radiograph Sample = SyntheticRadiograph.Draw(Side, Side, seed: 4).Image;

    private static string[] Flags(Radiograph image) => [.. Segmenter.Segment(image).Flags.Select(f => f.Name)];

    /// <summary>An image whose pixel at x, y is the value of the function.</summary>
    private static Radiograph Image(int width, int height, Func<int, int, int> value) =>
        new(width, height, 1, 8, [.. Enumerable.Range(0, width * height)
            .Select(i => (ushort)Math.Clamp(value(i % width, i / width), 0, 255))]);

    private static int At(int x, int y) => Sample.Samples[y * Side + x];

    [Fact]
    public void Real_radiographs_raise_no_flag_but_the_one_whose_lung_is_cut_off()
    {
        foreach (string file in Directory.EnumerateFiles(TestData.Shared("cxr"), "*.png")
            .Where(f => !f.EndsWith(".mask.png", StringComparison.Ordinal)))
            Assert.Equal(Path.GetFileName(file) == "adult_05.png" ? ["cut_off"] : [], Flags(ImageReader.Read(file)));
    }

    [Fact]
    public void A_drawn_radiograph_raises_none() => Assert.Empty(Flags(Sample));

    [Fact]
    public void A_negative_is_asked_about() => Assert.Equal(["inverted"], Flags(Image(Side, Side, (x, y) => 255 - At(x, y))));

    [Fact]
    public void Turned_images_are_asked_about()
    {
        foreach (Func<int, int, int> turned in (Func<int, int, int>[])[(x, y) => At(x, Side - 1 - y), (x, y) => At(y, Side - 1 - x),
            (x, y) => At(Side - 1 - y, x)])
        {
            string[] flags = Flags(Image(Side, Side, turned));
            Assert.Contains("rotated", flags);
            Assert.Contains("low_confidence", flags);
        }
    }

    [Fact]
    public void Cut_images_are_asked_about()
    {
        Assert.Contains("cut_off", Flags(Image(Side, Side / 2, At)));
        Assert.Contains("cut_off", Flags(Image(Side, Side * 3 / 5, (x, y) => At(x, y + Side * 2 / 5))));
        Assert.Contains("one_lung", Flags(Image(Side / 2, Side, At)));
    }

    [Fact]
    public void Images_of_something_else_are_asked_about()
    {
        Random random = new(5);
        (string Flag, Radiograph Image)[] others =
        [
            ("not_chest_xray", Image(Side, Side, (_, _) => 128)),
            ("not_chest_xray", Image(Side, Side, (_, _) => random.Next(256))),
            ("not_chest_xray", Image(Side, Side, (x, y) => (int)(128 + 60 * Math.Sin(x / 31.0) + 60 * Math.Cos(y / 17.0)))),
            ("ct_slice", Slice()),
            ("photograph", new Radiograph(Side, Side, 3, 8, [.. Enumerable.Range(0, Side * Side).SelectMany(i => new[]
                { (ushort)(i % Side / 2), (ushort)(i / Side / 2), (ushort)(128 + 100 * Math.Sin(i % Side / 40.0)) })])),
        ];
        foreach ((string flag, Radiograph image) in others)
            Assert.Contains(flag, Flags(image));
    }

    /// <summary>A body in cross-section with two lungs, heart and spine.</summary>
    private static Radiograph Slice()
    {
        Random random = new(6);
        bool In(int x, int y, double cx, double cy, double rx, double ry) => Math.Pow((x - cx) / rx, 2) + Math.Pow((y - cy) / ry, 2) < 1;
        return Image(Side, Side, (x, y) =>
            (!In(x, y, 192, 192, 155, 112) ? 0
                : In(x, y, 192, 262, 17, 17) ? 230
                : In(x, y, 210, 178, 40, 38) ? 150
                : In(x, y, 124, 190, 52, 75) || In(x, y, 260, 190, 52, 75) ? 25
                : 140) + random.Next(8));
    }
}
