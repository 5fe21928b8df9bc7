using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;

namespace LungSeg.Models.Tests;

public sealed class LungSegmenterTests
{
    private static readonly Radiograph Sample = ImageReader.Read(TestData.InRepository("samples", "radiograph.png"));

    /// <summary>What PyTorch gave for the float32 weights that the files in <c>weights</c> were rounded from, before clean-up.</summary>
    public static TheoryData<string, string, double, int> Expected => new()
    {
        { "pan", "adult_01", 0.9612, 420004 },
        { "pan", "adult_02", 0.9687, 284253 },
        { "pan", "adult_03", 0.9533, 229627 },
        { "pan", "adult_04", 0.9824, 268181 },
        { "pan", "adult_05", 0.9692, 398226 },
        { "pan", "adult_06", 0.9737, 536368 },
        { "pan", "child_07", 0.9467, 104480 },
        { "pan", "child_08", 0.9690, 85304 },
        { "pan", "child_09", 0.9781, 67967 },
        { "pan", "child_10", 0.9782, 98524 },
        { "deeplabv3plus", "adult_01", 0.9626, 427179 },
        { "deeplabv3plus", "adult_02", 0.9676, 286085 },
        { "deeplabv3plus", "adult_03", 0.9545, 223202 },
        { "deeplabv3plus", "adult_04", 0.9799, 269712 },
        { "deeplabv3plus", "adult_05", 0.9680, 400263 },
        { "deeplabv3plus", "adult_06", 0.9744, 542476 },
        { "deeplabv3plus", "child_07", 0.9497, 105011 },
        { "deeplabv3plus", "child_08", 0.9711, 86236 },
        { "deeplabv3plus", "child_09", 0.9721, 69421 },
        { "deeplabv3plus", "child_10", 0.9777, 99031 },
    };

    [Theory, MemberData(nameof(Expected))]
    public void Real_radiographs_give_the_dice_and_the_pixels_that_PyTorch_gives(string network, string name, double dice, int pixels)
    {
        if (name is not ("adult_01" or "child_07")) LargeTest.SkipUnlessWanted();
        foreach (string weights in (string[])[TestData.Shared("weights", $"{network}.pth"),
            TestData.InRepository("weights", $"{network}.safetensors")])
        {
            using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { WeightsFile = weights });
            LungMask raw = segmenter.Segment(TestData.Shared("cxr", $"{name}.png")).Probabilities.Threshold(0.5f);
            LungMask truth = LungMask.FromImage(ImageReader.Read(TestData.Shared("cxr", $"{name}.mask.png")));
            double found = Dice(raw, truth);
            TestContext.Current.SendDiagnosticMessage($"{weights}, {name}: Dice {found:F5} ({dice}), {raw.Area} pixels ({pixels})");
            Assert.Equal(dice, found, 0.0005);
            Assert.InRange(raw.Area, pixels * 0.9995, pixels * 1.0005);
        }
    }

    [Fact]
    public void Real_radiographs_keep_their_dice_with_the_rounded_weights_that_ship_and_the_clean_up()
    {
        string folder = TestData.Shared("cxr");
        using LungSegmenter segmenter = LungSegmenter.Load();
        double[] dice = [.. Expected.Where(row => row.Data.Item1 == NetworkWeights.DefaultNetwork).Select(row =>
        {
            string name = row.Data.Item2;
            LungMask truth = LungMask.FromImage(ImageReader.Read(Path.Combine(folder, $"{name}.mask.png")));
            return Dice(segmenter.Segment(Path.Combine(folder, $"{name}.png")).Mask, truth);
        })];
        TestContext.Current.SendDiagnosticMessage($"mean {dice.Average():F5}, worst {dice.Min():F5}");
        Assert.InRange(dice.Average(), 0.967, 1);
        Assert.InRange(dice.Min(), 0.945, 1);
    }

    [Fact]
    public void An_image_of_low_contrast_is_stretched_unless_it_is_left_alone()
    {
        Radiograph small = SyntheticRadiograph.Draw(384, 384, seed: 4).Image;
        Radiograph pale = new(384, 384, 1, 8, Array.ConvertAll(small.Samples.ToArray(), s => (ushort)(239 + s / 16)));
        using LungSegmenter auto = LungSegmenter.Load(), off = LungSegmenter.Load(new() { StretchContrast = false });
        using LungSegmenter study = LungSegmenter.Load(new() { Mode = SegmentationMode.Study });
        LungMask plain = auto.Segment(small).Mask;
        LungSegmentation stretched = auto.Segment(pale), alone = off.Segment(pale);
        double with = Dice(stretched.Mask, plain), without = Dice(alone.Mask, plain);
        TestContext.Current.SendDiagnosticMessage($"Dice against the plain image's mask: {with:F4} stretched, {without:F4} left alone");
        Assert.InRange(with, 0.97, 1);
        Assert.True(without < with);
        Assert.InRange(stretched.Method.Contrast!.Value.High, 250, 255);
        Assert.Contains(stretched.Decisions, d => d is { Topic: "contrast", IsWarning: true });
        Assert.Null(alone.Method.Contrast);
        Assert.Null(auto.Segment(small).Method.Contrast);
        Assert.Null(study.Segment(pale).Method.Contrast);
        // The image itself is as it was.
        Assert.Same(pale, stretched.Image);
    }

    [Fact]
    public void Three_lines_find_the_lungs_of_the_sample()
    {
        using LungSegmenter segmenter = LungSegmenter.Load();
        LungSegmentation result = segmenter.Segment(Sample);
        LungMask truth = LungMask.FromImage(ImageReader.Read(TestData.InRepository("samples", "radiograph.mask.png")));
        Assert.Equal((Sample.Width, Sample.Height), (result.Mask.Width, result.Mask.Height));
        Assert.InRange(Dice(result.Mask, truth), 0.95, 1);
        Assert.Equal((double)result.Mask.Area / (Sample.Width * Sample.Height), result.LungShare, 12);
        Assert.True(result.Times.Network > TimeSpan.Zero && result.Times.Read == TimeSpan.Zero);
    }

    [Fact]
    public void The_upstream_way_ends_in_512_by_512_pixels_whatever_the_image()
    {
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { Mode = SegmentationMode.Study, NetworkSize = 256 });
        LungSegmentation result = segmenter.Segment(Sample);
        Assert.Equal((512, 512), (result.Mask.Width, result.Mask.Height));
        Assert.Equal((256, 256), (result.Probabilities.Width, result.Probabilities.Height));
        Assert.InRange(result.LungShare, 0.2, 0.5);
    }

    [Fact]
    public void Grey_is_the_same_as_colour_without_colour_and_16_bits_as_8_of_the_same_brightness()
    {
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128 });
        LungSegmentation grey = segmenter.Segment(Sample);
        ushort[] rgb = [.. Sample.Samples.ToArray().SelectMany(s => new[] { s, s, s })];
        LungSegmentation colour = segmenter.Segment(new Radiograph(Sample.Width, Sample.Height, 3, 8, rgb));
        Assert.Equal(grey.Probabilities.Values, colour.Probabilities.Values);

        ushort[] deep = Array.ConvertAll(Sample.Samples.ToArray(), s => (ushort)(s * 257));
        LungSegmentation sixteen = segmenter.Segment(new Radiograph(Sample.Width, Sample.Height, 1, 16, deep));
        // The 8-bit way rounds the resized image to 8 bits, as the study's code does; the 16-bit way does not.
        Assert.InRange(Dice(grey.Mask, sixteen.Mask), 0.99, 1);
        Assert.NotEqual(grey.Probabilities.Values.ToArray(), sixteen.Probabilities.Values.ToArray());
    }

    [Theory, InlineData(SegmentationMode.Native), InlineData(SegmentationMode.Study)]
    public void The_input_is_normalised_per_channel_in_the_mode_s_own_order(SegmentationMode mode)
    {
        Architecture pan = Architectures.Get("pan");
        const int Side = 128;
        ushort[] samples = [.. Enumerable.Range(0, Side * Side)
            .SelectMany(i => new[] { (ushort)(i % 251), (ushort)(i % 83), (ushort)(i % 7) })];
        float[] input = new Preprocess(pan, mode, Side).Apply(new Radiograph(Side, Side, 3, 8, samples));
        for (int i = 0; i < Side * Side; i++)
        {
            for (int plane = 0; plane < 3; plane++)
            {
                int channel = mode == SegmentationMode.Study ? 2 - plane : plane;
                double expected = ((samples[(3 * i) + channel] / 255.0) - pan.Normalisation.Mean[plane]) / pan.Normalisation.Std[plane];
                Assert.Equal(expected, input[(plane * Side * Side) + i], 1e-6);
            }
        }
    }

    [Fact]
    public void The_upstream_way_sees_the_high_byte_of_16_bits_alone()
    {
        ushort[] noisy = Array.ConvertAll(Sample.Samples.ToArray(), s => (ushort)((s << 8) | (s * 7 % 256)));
        var preprocess = new Preprocess(Architectures.Get("pan"), SegmentationMode.Study, 128);
        Assert.Equal(preprocess.Apply(Sample), preprocess.Apply(new Radiograph(Sample.Width, Sample.Height, 1, 16, noisy)));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(null, 3)]
    [InlineData(2, 2)]
    public void Threads_that_share_a_segmenter_get_what_one_gets(int? threads, int plans)
    {
        LungSegmenterOptions options = new() { NetworkSize = 128 };
        using LungSegmenter one = LungSegmenter.Load(options);
        Radiograph[] images = [.. Enumerable.Range(1, 4).Select(i =>
            new Radiograph(Sample.Width, Sample.Height, 1, 8, Array.ConvertAll(Sample.Samples.ToArray(), s => (ushort)(s * i / 4))))];
        float[][] alone = [.. images.Select(image => one.Segment(image).Probabilities.Values.ToArray())];

        using CpuBackend? backend = threads is { } count ? new CpuBackend(count) : null;
        using LungSegmenter shared = LungSegmenter.Load(options with { Backend = backend, Plans = plans });
        Parallel.For(0, 12, new ParallelOptions { MaxDegreeOfParallelism = 4 },
            i => Assert.Equal(alone[i % 4], shared.Segment(images[i % 4]).Probabilities.Values.ToArray()));
    }

    [Fact]
    public void Without_a_plan_there_is_no_segmenter()
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(
            () => LungSegmenter.Load(new LungSegmenterOptions { Plans = 0 }));
        Assert.Contains("1 to 1024 plans expected, 0 found", error.Message);
    }

    [Fact]
    public void A_higher_threshold_never_adds_lung()
    {
        using LungSegmenter segmenter = LungSegmenter.Load(new LungSegmenterOptions { NetworkSize = 128 });
        ProbabilityMap map = segmenter.Segment(Sample).Probabilities;
        int[] areas = [.. new[] { 0f, 0.1f, 0.5f, 0.9f, 1f }.Select(threshold => map.Threshold(threshold).Area)];
        Assert.Equal(areas.OrderDescending(), areas);
        Assert.Equal(0, areas[^1]);
    }

    [Fact]
    public void What_cannot_be_loaded_says_why()
    {
        string pan = TestData.InRepository("weights", "pan.safetensors");
        Assert.Contains("multiples of 32", Fault<ShapeException>(new LungSegmenterOptions { NetworkSize = 500 }));
        Assert.Contains("did you mean 'deeplabv3'", Fault<UnknownNetworkException>(new LungSegmenterOptions { Network = "deplabv3" }));
        Assert.Contains("convert", Fault<WeightException>(new LungSegmenterOptions { Network = "unet" }));
        Assert.Contains("'pan', not of 'unet'", Fault<WeightException>(new LungSegmenterOptions { Network = "unet", WeightsFile = pan }));
        Assert.Throws<ArgumentOutOfRangeException>(() => LungSegmenter.Load(new LungSegmenterOptions { Threshold = float.NaN }));
    }

    private static string Fault<T>(LungSegmenterOptions options) where T : Exception =>
        Assert.Throws<T>(() => LungSegmenter.Load(options).Dispose()).Message;

    private static double Dice(LungMask a, LungMask b)
    {
        int both = 0;
        for (int i = 0; i < a.Pixels.Length; i++) both += a.Pixels[i] & b.Pixels[i];
        return 2.0 * both / (a.Area + b.Area);
    }
}
