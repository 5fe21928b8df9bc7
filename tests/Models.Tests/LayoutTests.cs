using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>The weights that modules ask for against the reference's state dicts.</summary>
public sealed class LayoutTests
{
    public static TheoryData<string> Networks => TestData.Networks;

    [Theory, MemberData(nameof(Networks))]
    public void Keys_and_dimensions_are_the_reference_s_in_its_order(string network)
    {
        using JsonDocument json = Read(network);
        string[] expected =
        [
            .. json.RootElement.GetProperty("state_dict").EnumerateArray()
                .Select(entry => $"{entry[0].GetString()} [{string.Join(", ", entry[1].EnumerateArray().Select(dim => dim.GetInt32()))}]"),
        ];
        Assert.Equal(expected, Architectures.Get(network).Layout.Select(entry => entry.ToString()));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Parameters_encoder_and_input_size_are_the_reference_s(string network)
    {
        using JsonDocument json = Read(network);
        Architecture architecture = Architectures.Get(network);
        Assert.Equal(json.RootElement.GetProperty("parameters").GetInt64(), architecture.ParameterCount);
        Assert.Equal(json.RootElement.GetProperty("encoder").GetString(), architecture.Encoder);
        Assert.Equal(
            [1, 3, architecture.InputSize, architecture.InputSize],
            json.RootElement.GetProperty("input").EnumerateArray().Select(dim => dim.GetInt32()));
        Assert.Equal(architecture.Published!.MillionParameters, Math.Round(architecture.ParameterCount / 1e6, 1));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Only_counters_and_modules_without_a_reader_are_never_read(string network)
    {
        Architecture architecture = Architectures.Get(network);
        string[] unread = architecture.Encoder switch
        {
            "timm-regnety_064" => ["encoder.s3.", "encoder.s4."],
            ['e', 'f', 'f', ..] => ["encoder._conv_head.", "encoder._bn1."],
            _ => [],
        };
        foreach (LayoutEntry entry in architecture.Layout)
        {
            bool expected = !entry.Key.EndsWith(".num_batches_tracked") && !unread.Any(entry.Key.StartsWith);
            Assert.True(expected == entry.IsRead, entry.Key);
        }
    }

    [Theory, MemberData(nameof(Networks))]
    public void A_checkpoint_with_or_without_the_unread_weights_is_recognised_and_loads(string network)
    {
        Architecture architecture = Architectures.Get(network);
        StateDict whole = Synthesise(architecture), read = Synthesise(architecture, entry => entry.IsRead);
        Assert.NotEqual(whole.Count, read.Count);
        foreach (StateDict checkpoint in (StateDict[])[whole, read])
        {
            Assert.Same(architecture, Architectures.Recognise(checkpoint));
            Assert.Equal(architecture.Macs, architecture.Load(checkpoint).Macs);
        }
    }

    [Fact]
    public void A_real_checkpoint_is_recognised_and_loads()
    {
        string path = TestData.PathOf("..", "..", "..", "shared", "weights", "pan.pth");
        if (!File.Exists(path)) Assert.Skip("pan.pth is not on this machine");
        StateDict checkpoint = Checkpoint.Read(path);
        Architecture architecture = Architectures.Recognise(checkpoint);
        Assert.Equal("pan", architecture.Key);
        Assert.Equal(architecture.Macs, architecture.Load(checkpoint).Macs);
    }

    [Fact]
    public void A_checkpoint_of_another_encoder_is_refused_with_the_nearest_network_and_the_differences()
    {
        StateDict checkpoint = new(Synthesise(Architectures.Get("pan")).Select(parameter => parameter.Key switch
        {
            "decoder.fpa.mid.0.conv.weight" => Weight(parameter.Key, 32, 321, 1, 1),
            "decoder.gau1.conv2.conv.bias" => Weight("decoder.gau9.bias", 32),
            _ => parameter,
        }));
        foreach (Action act in (Action[])[() => Architectures.Recognise(checkpoint), () => Architectures.Get("pan").Load(checkpoint)])
        {
            var e = Assert.Throws<WeightException>(act);
            Assert.Contains("decoder.fpa.mid.0.conv.weight: expected [32, 320, 1, 1], found [32, 321, 1, 1]", e.Message);
            Assert.Contains("decoder.gau1.conv2.conv.bias", e.Message);
            Assert.Contains("decoder.gau9.bias [32]: not part of the network", e.Message);
        }
        Assert.Contains(
            "PAN (pan, encoder efficientnet-b0) with 3 differences",
            Assert.Throws<WeightException>(() => Architectures.Recognise(checkpoint)).Message);
    }

    [Fact]
    public void Strangers_are_refused_in_one_line_that_names_some_of_them()
    {
        var strangers = new StateDict(Enumerable.Range(0, 30).Select(i => Weight($"layer{i}.weight", 3)));
        string message = Assert.Throws<WeightException>(() => Architectures.Recognise(strangers)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains("found layer0.weight, layer1.weight, layer2.weight and 27 others", message);
        Assert.Throws<WeightException>(() => Architectures.Recognise(new StateDict([])));
    }

    private static JsonDocument Read(string network) =>
        JsonDocument.Parse(File.ReadAllText(TestData.PathOf("networks", $"{network}.state_dict.json")));

    private static StateDict Synthesise(Architecture architecture, Func<LayoutEntry, bool>? which = null)
    {
        var weights = new SyntheticWeights();
        return new StateDict(architecture.Layout.Where(which ?? (_ => true)).Select(entry => weights.Get(entry.Key, [.. entry.Dims])));
    }

    private static Parameter Weight(string key, params int[] dims) => new SyntheticWeights().Get(key, dims);
}
