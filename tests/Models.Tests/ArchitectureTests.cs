using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

public sealed class ArchitectureTests
{
    [Fact]
    public void There_are_nine_networks_in_the_study_s_order() => Assert.Equal(
        ["unet", "unetplusplus", "deeplabv3", "deeplabv3plus", "fpn", "linknet", "pspnet", "pan", "manet"],
        Architectures.All.Select(a => a.Key));

    [Fact]
    public void The_table_carries_the_study_s_figures()
    {
        Assert.All(Architectures.All, a =>
        {
            Assert.Matches("^[0-9a-f]{64}$", a.StudyCheckpoint!.Sha256);
            Assert.InRange(a.Published!.Dice, 0.960, 0.963);
            Assert.InRange(a.Training!.LearningRate, 1e-4, 1e-3);
            // A float32 checkpoint with its container's overhead.
            Assert.InRange(a.StudyCheckpoint!.FileSize / (4.0 * a.ParameterCount), 1, 1.05);
        });
        Assert.Equal(9, Architectures.All.Select(a => a.StudyCheckpoint!.Sha256).Distinct().Count());
    }

    [Fact]
    public void Every_published_fact_is_that_of_the_data_s_readme()
    {
        string readme = File.ReadAllText(TestData.PathOf("networks", "README.md"));
        foreach (Architecture a in Architectures.All)
        {
            Assert.Contains($"| `{a.Key}` | {a.Name} | {a.Encoder} | {a.InputSize} |", readme);
            Assert.Contains(
                $"| {a.Published!.MillionParameters:0.0} | {a.Published!.GigaMacs:0.0} | {a.Macs / 1e9:0.00} | {a.Published!.Dice:0.000} |",
                readme);
            Assert.Contains($"| `{a.Key}` | {a.StudyCheckpoint!.FileSize} | {a.StudyCheckpoint!.Sha256} |", readme);
        }
    }

    [Theory]
    [InlineData("PAN", "pan")]
    [InlineData("DeepLabV3Plus", "deeplabv3plus")]
    public void A_key_is_found_in_any_case(string key, string expected) => Assert.Equal(expected, Architectures.Get(key).Key);

    [Theory]
    [InlineData("unet++", "unetplusplus")]
    [InlineData("deeplabv3+", "deeplabv3plus")]
    [InlineData("ma-net", "manet")]
    [InlineData("linkent", "linknet")]
    [InlineData("pspnt", "pspnet")]
    public void A_near_miss_gets_a_suggestion(string key, string suggestion)
    {
        var e = Assert.Throws<UnknownNetworkException>(() => Architectures.Get(key));
        Assert.Contains($"; did you mean '{suggestion}'?", e.Message);
        Assert.Contains("unet, unetplusplus, deeplabv3, deeplabv3plus, fpn, linknet, pspnet, pan, manet", e.Message);
    }

    [Fact]
    public void A_stranger_gets_the_list_alone()
    {
        string message = Assert.Throws<UnknownNetworkException>(() => Architectures.Get("segment-anything")).Message;
        Assert.DoesNotContain("did you mean", message);
        Assert.Contains("unetplusplus", message);
    }

    [Fact]
    public void A_size_is_taken_if_it_is_a_multiple_of_32_and_large_enough() =>
        Gen.Select(Gen.Int[0, Architectures.All.Count - 1].Select(i => Architectures.All[i]), Gen.Int[1, 700], Gen.Int[1, 700], Gen.Bool)
            .Select(t => t.Item4 ? t : (t.Item1, (t.Item2 / 32 + 1) * 32, (t.Item3 / 32 + 1) * 32, t.Item4))
            .Sample(
                (architecture, height, width, _) =>
                {
                    int minimum = architecture.Key == "pan" ? 128 : 32;
                    bool fits = height % 32 == 0 && width % 32 == 0 && height >= minimum && width >= minimum;
                    if (fits)
                    {
                        Assert.Equal(
                            new Shape(1, 1, height, width),
                            architecture.Record(new SyntheticWeights(), 1, height, width).Outputs[0].Shape);
                    }
                    else
                    {
                        string message = Assert.Throws<ShapeException>(
                            () => architecture.Record(new SyntheticWeights(), 1, height, width)).Message;
                        Assert.Contains($"multiples of 32 and at least {minimum}, found {height} x {width}", message);
                    }
                },
                iter: 200);

    [Theory]
    [InlineData("pan", 96, 512, "for example to 128 x 512")]
    [InlineData("unet", 500, 16, "for example to 512 x 32")]
    public void A_size_that_does_not_fit_gets_one_that_does(string network, int height, int width, string advice) =>
        Assert.Contains(advice, Assert.Throws<ShapeException>(
            () => Architectures.Get(network).Record(new SyntheticWeights(), 1, height, width)).Message);

    [Fact]
    public void A_batch_of_none_is_refused() =>
        Assert.Throws<ShapeException>(() => Architectures.Get("pan").Record(new SyntheticWeights(), n: 0));

    [Fact]
    public void A_failure_deep_in_a_network_names_the_module()
    {
        // Re-shaping a traced graph past the size rule still tells where it breaks.
        Graph graph = Architectures.Get("pan").Record(new SyntheticWeights());
        Assert.Contains("decoder.fpa.down", Assert.Throws<ShapeException>(() => graph.WithInput(new Shape(1, 3, 32, 32))).Message);
    }
}
