using System.Text.Json;

namespace LungSeg.Cli.Tests;

public sealed class InfoCommandTests
{
    /// <summary>The networks' true cost in units of 10^9, convolutions, transposed convolutions and linear layers.</summary>
    public static TheoryData<string, double, double> Networks => new()
    {
        { "unet", 55.919, 35.33 },
        { "unetplusplus", 9.075, 12.95 },
        { "deeplabv3", 7.305, 25.49 },
        { "deeplabv3plus", 7.413, 7.93 },
        { "fpn", 5.759, 11.15 },
        { "linknet", 29.298, 33.31 },
        { "pspnet", 29.670, 14.38 },
        { "pan", 4.099, 3.77 },
        { "manet", 13.435, 13.00 },
    };

    private static readonly JsonElement All = Lungseg.Run("info", "--json").Succeeded().Json;

    [Theory, MemberData(nameof(Networks))]
    public void All_nine_networks_have_their_published_size_and_true_cost(string key, double parameters, double macs)
    {
        JsonElement network = All.EnumerateArray().Single(n => n.GetProperty("key").GetString() == key);
        Assert.Equal(parameters, network.GetProperty("parameters").GetInt64() / 1e6, 0.0005);
        Assert.Equal(macs, network.GetProperty("macs").GetInt64() / 1e9, (0.001 * macs) + 0.005);
        Assert.Equal(key is "pan" or "deeplabv3plus", network.GetProperty("weights").ValueKind == JsonValueKind.Object);
    }

    [Fact]
    public void The_list_says_that_the_default_weights_are_not_the_study_s()
    {
        string text = Lungseg.Run("info").Succeeded().Output;
        Assert.Contains("not the study's weights", text);
        Assert.Contains("0.960", text);
        Assert.Equal(9, Networks.Count(row => text.Contains($"  {row.Data.Item1} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_network_shows_its_layers_and_the_memory_that_it_needs()
    {
        string text = Lungseg.Run("info", "pan").Succeeded().Output;
        Assert.Contains("4,098,660", text);
        Assert.Contains("encoder._conv_stem", text);
        Assert.Contains("padding 0 0 1 1", text);
        JsonElement json = Lungseg.Run("info", "pan", "--json").Succeeded().Json;
        Assert.InRange(json.GetProperty("arena_bytes").GetInt64(), 1 << 20, 1 << 28);
        JsonElement[] layers = [.. json.GetProperty("layers").EnumerateArray()];
        Assert.Equal(json.GetProperty("macs").GetInt64(), layers.Sum(l => l.GetProperty("macs").GetInt64()));
    }

    [Fact]
    public void The_graph_is_json_that_other_programs_can_run()
    {
        JsonElement graph = Lungseg.Run("info", "pan", "--graph", "--json", "--size", "128").Succeeded().Json;
        Assert.Equal([1, 3, 128, 128], graph.GetProperty("input").EnumerateArray().Select(d => d.GetInt32()));
        Assert.True(graph.GetProperty("nodes").GetArrayLength() > 200);
        Assert.Equal("sigmoid", graph.GetProperty("nodes")[graph.GetProperty("outputs")[0].GetInt32()].GetProperty("op").GetString());
    }

    [Fact]
    public void A_weights_file_tells_what_it_is()
    {
        string text = Lungseg.Run("info", Repository.Pan).Succeeded().Output;
        foreach (string words in (string[])["safetensors", "Float16", "PAN (pan)", "not one of the study's files", "source_file: pan.pth"])
            Assert.Contains(words, text);
        Assert.DoesNotContain("encoder._conv_stem", text);
    }

    [Fact]
    public void Help_and_version_are_no_errors()
    {
        Assert.Contains("segment", Lungseg.Run().Succeeded().Output);
        Assert.Contains("--threshold", Lungseg.Run("segment", "--help").Succeeded().Output);
        Assert.StartsWith("lungseg 0.", Lungseg.Run("--version").Succeeded().Output);
    }
}
