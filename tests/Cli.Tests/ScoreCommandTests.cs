using System.Net;
using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;
using LungSeg.Models.Scoring;

namespace LungSeg.Cli.Tests;

/// <summary>The study's second stage with synthetic weights: its steps are checked in Imaging.Tests against the study's own code.</summary>
public sealed class ScoreCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("native", 1024)]
    [InlineData("study", 512)]
    public void A_score_has_its_thirds_masks_and_overlay(string mode, int side)
    {
        string weights = Save("FPN", "efficientnet-b0");
        string[] score = ["score", Repository.Sample, "--weights", weights, "--mode", mode, "--score-threshold", "0.1", "-o",
            _directory["out"]];
        Run run = Lungseg.Run(score).Succeeded();
        Assert.Matches(@"score \d of 6 \((right|left) lower", run.Output);
        Assert.Equal(
            ["out/radiograph.lesions.png", "out/radiograph.score.json", "out/radiograph.score.png", "weights.safetensors"],
            _directory.Files);
        JsonElement json = JsonDocument.Parse(File.ReadAllText(_directory["out/radiograph.score.json"])).RootElement;
        JsonElement[] thirds = [.. json.GetProperty("thirds").EnumerateArray()];
        Assert.Equal(6, thirds.Length);
        Assert.Equal(json.GetProperty("score").GetInt32(), thirds.Count(third => third.GetProperty("ratio").GetDouble() > 0.1));
        Assert.Equal(480, json.GetProperty("lesions").GetProperty("network_size").GetInt32());
        Assert.InRange(json.GetProperty("lesions").GetProperty("label").GetDouble(), 0, 1);
        Radiograph lesions = ImageReader.Read(_directory["out/radiograph.lesions.png"]);
        Radiograph overlay = ImageReader.Read(_directory["out/radiograph.score.png"]);
        Radiograph sample = ImageReader.Read(Repository.Sample);
        int expected = mode == "native" ? sample.Width : side;
        Assert.Equal((expected, expected, 3), (lesions.Width, overlay.Width, overlay.Channels));
        int covered = json.GetProperty("lesions").GetProperty("lesion_pixels").GetInt32();
        Assert.Equal(covered, lesions.Samples.ToArray().Count(value => value == 255));

        Run line = Lungseg.Run([.. score, "--json"]).Succeeded();
        Assert.Equal(json.GetProperty("score").GetInt32(), line.Json.GetProperty("score").GetInt32());
    }

    [Theory]
    [InlineData("Unet", "dpn98", "0.4862745")]
    [InlineData("PAN", "se_resnet50", "0.485")]
    [InlineData("PSPNet", "efficientnet-b0", "0.485")]
    public void The_study_s_lesion_networks_have_its_size_labels_and_preprocessing(string architecture, string encoder, string mean)
    {
        var network = new Network(architecture, encoder, new NetworkOptions { Label = new LabelOptions(1) });
        NetworkWeights opened = NetworkWeights.Open(null, Save(architecture, encoder));
        Assert.Equal((architecture, encoder), (opened.Network.Decoder, opened.Network.Encoder));
        Assert.True(LesionNetworks.Has(opened.Network));
        Architecture lesions = opened.WithDefaults(LesionNetworks.Options(opened.Network)).Network;
        Assert.Equal((480, OutputActivation.Sigmoid), (lesions.InputSize, lesions.Options.Label!.Activation));
        Assert.Equal(network.Options.Label!.Classes, lesions.Options.Label.Classes);
        Assert.StartsWith($"RGB, mean [{mean}", $"{lesions.Normalisation}");
        Assert.Empty(lesions.Assumptions);
    }

    [Fact]
    public void The_page_has_every_image_its_thirds_and_what_the_program_cannot_know()
    {
        Directory.CreateDirectory(_directory["in/a & b"]);
        File.Copy(Repository.Sample, _directory["in/a & b/<x>.png"]);
        File.Copy(Repository.Sample, _directory["in/y.png"]);
        File.WriteAllText(_directory["in/broken.png"], "no image");
        Run run = Lungseg.Run(
            "score", _directory["in"], "--weights", Save("FPN", "efficientnet-b0"), "-o", _directory["out"], "--report",
            "--score-threshold", "0.1", "--json");
        Assert.Equal(1, run.Exit);
        string page = File.ReadAllText(_directory["out/score.html"]);
        JsonElement first = JsonDocument.Parse(run.Output.Split('\n')[0]).RootElement;
        Assert.Equal(2, page.Split($"score {first.GetProperty("score").GetInt32()} of 6</span>").Length - 1);
        foreach (JsonElement third in first.GetProperty("thirds").EnumerateArray())
        {
            string share = (100 * third.GetProperty("ratio").GetDouble()).ToString("F1", System.Globalization.CultureInfo.InvariantCulture);
            string row = $"<th scope=\"row\">{third.GetProperty("name").GetString()}</th><td class=\"number\">{share} %</td>"
                + $"<td>{(third.GetProperty("counts").GetBoolean() ? "yes" : "no")}</td>";
            Assert.Equal(2, page.Split(row).Length - 1);
        }
        Assert.Contains("href=\"a%20%26%20b/%3Cx%3E.score.png\"", page);
        Assert.Contains("a &amp; b/&lt;x&gt;.png", page);
        Assert.Contains("broken.png", page);
        Assert.Contains("cannot tell whether they are trained", WebUtility.HtmlDecode(page));
        Assert.DoesNotContain("none of the nine", page);
        Assert.DoesNotContain("http", page.Replace("http-equiv", ""));
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("{{", page);
        Assert.Equal(2, page.Split("role=\"img\" aria-label=\"X-ray with outlined lungs; lesions cover").Length - 1);
    }

    [Fact]
    public void Bad_weights_and_images_are_one_line()
    {
        Lungseg.Run("score", Repository.Sample, "-o", _directory["out"]).Refused("--weights");
        Lungseg.Run("score", Repository.Sample, "--weights", _directory["none"], "-o", _directory["out"]).Refused("none");
        string weights = Save("FPN", "efficientnet-b0", new NetworkOptions { Classes = 2 });
        Lungseg.Run("score", Repository.Sample, "--weights", weights, "-o", _directory["out"]).Refused("three channels and one class");
        Assert.False(Directory.Exists(_directory["out"]));
    }

    private string Save(string architecture, string encoder, NetworkOptions? options = null)
    {
        var recorder = new LayoutRecorder();
        new Network(architecture, encoder, options ?? new NetworkOptions { Label = new LabelOptions(1) }).Build(recorder);
        var source = new SyntheticWeights("lesions/");
        string path = _directory["weights.safetensors"];
        Safetensors.Write(path, recorder.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims])));
        return path;
    }
}
