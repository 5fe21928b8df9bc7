using System.Text.Json;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Tests;

/// <summary>Networks of several classes: label maps, names and colours.</summary>
public sealed class ClassCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("softmax", 4, "left lung:#ff0000,right lung,heart")]
    [InlineData("sigmoid", 3, "left lung:#ff0000,right lung,heart")]
    public void Label_maps_have_names_colours_and_categories(string activation, int channels, string names)
    {
        string weights = Save(channels);
        string[] segment =
        [
            "segment", Repository.Sample, "--weights", weights, "--option", $"activation={activation}", "--size", "64", "--classes", names,
            "--format", "mask,overlay,json,coco", "-o", _directory["out"], "--quiet",
        ];
        Lungseg.Run(segment).Succeeded();
        Radiograph labels = ImageReader.Read(_directory["out/radiograph.labels.png"]), sample = ImageReader.Read(Repository.Sample);
        Assert.Equal((sample.Width, sample.Height, 1), (labels.Width, labels.Height, labels.Channels));
        Assert.InRange(labels.Samples.ToArray().Max(), 1, 3);
        JsonElement[] classes = [.. Read("out/radiograph.json").GetProperty("classes").EnumerateArray()];
        Assert.Equal(["left lung", "right lung", "heart"], classes.Select(found => found.GetProperty("name").GetString()));
        for (int label = 1; label <= 3; label++)
            Assert.Equal(labels.Samples.ToArray().Count(value => value == label), classes[label - 1].GetProperty("area_px").GetInt32());
        JsonElement coco = Read("out/radiograph.coco.json");
        JsonElement category = coco.GetProperty("categories")[0];
        Assert.Equal([255, 0, 0], category.GetProperty("color").EnumerateArray().Select(part => part.GetInt32()));
        int present = classes.Count(found => found.GetProperty("area_px").GetInt32() > 0);
        Assert.Equal(present, coco.GetProperty("annotations").GetArrayLength());
    }

    [Fact]
    public void What_several_classes_cannot_have_is_refused()
    {
        string weights = Save(4);
        string[] segment =
        [
            "segment", Repository.Sample, "--weights", weights, "--option", "activation=softmax", "--size", "64",
            "-o", _directory["out"], "-q",
        ];
        Lungseg.Run([.. segment, "--classes", "heart,lungs"]).Refused("3 classes beside the background", "heart, lungs");
        Lungseg.Run([.. segment, "--classes", "a:#12,b,c"]).Refused("NAME:#RRGGBB");
        Lungseg.Run([.. segment, "--format", "sr"]).Refused("the format sr is for lungs", "coco");
        Lungseg.Run([.. segment, "--report"]).Refused("--report");
        Assert.False(Directory.Exists(_directory["out"]));
    }

    [Fact]
    public void Masks_of_one_class_are_cleaned_for_lungs_alone()
    {
        string weights = Save(1);
        string[] segment =
            ["segment", Repository.Sample, "--weights", weights, "--size", "64", "--format", "mask", "-o", _directory["out"]];
        Run run = Lungseg.Run(segment);
        Assert.Equal(0, run.Exit);
        Assert.Contains("masks are not cleaned (--classes lungs)", run.Error);
        int asIs = Parts();
        Lungseg.Run([.. segment, "--classes", "lungs"]).Succeeded();
        Assert.InRange(Parts(), 0, 2);
        Assert.True(asIs > 2, $"{asIs} parts");
    }

    private int Parts() => Imaging.Masks.ConnectedComponents.Of(
        LungMask.FromImage(ImageReader.Read(_directory["out/radiograph.mask.png"]))).Components.Count;

    private JsonElement Read(string name) => JsonDocument.Parse(File.ReadAllText(_directory[name])).RootElement;

    private string Save(int channels)
    {
        var recorder = new LayoutRecorder();
        new Network("Unet", "mobilenet_v2", new NetworkOptions { Classes = channels }).Build(recorder);
        var source = new SyntheticWeights("classes/");
        string path = _directory["weights.safetensors"];
        Safetensors.Write(path, recorder.Asked.Select(asked => source.Get(asked.Key, [.. asked.Dims])));
        return path;
    }
}
