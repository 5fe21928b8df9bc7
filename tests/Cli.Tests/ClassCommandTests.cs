using System.Text.Json;
using LungSeg.Engine.Weights;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Tests.Dicom;
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
        JsonElement method = Read("out/radiograph.json").GetProperty("method");
        Assert.Equal("RGB", method.GetProperty("input_space").GetString());
        Assert.Equal([0.485, 0.456, 0.406], method.GetProperty("input_mean").EnumerateArray().Select(part => part.GetDouble()));
        Assert.Equal(3, method.GetProperty("input_std").GetArrayLength());
        JsonElement coco = Read("out/radiograph.coco.json");
        JsonElement category = coco.GetProperty("categories")[0];
        Assert.Equal([255, 0, 0], category.GetProperty("color").EnumerateArray().Select(part => part.GetInt32()));
        int present = classes.Count(found => found.GetProperty("area_px").GetInt32() > 0);
        Assert.Equal(present, coco.GetProperty("annotations").GetArrayLength());
    }

    [Theory]
    [InlineData("binary", 3)]
    [InlineData("labelmap", 1)]
    public void A_DICOM_segmentation_has_a_segment_for_each_class(string type, int frames)
    {
        string weights = Save(4), film = _directory["film.dcm"];
        File.WriteAllBytes(film, Films.Draw(120, 90).File);
        Lungseg.Run(
            "segment", film, "--weights", weights, "--option", "activation=softmax", "--size", "64", "--classes",
            @"Left lung,heart:#ff0000,a\b", "--format", "mask,json,seg", "--seg-type", type, "-o", _directory["out"], "--quiet")
                .Succeeded();
        string file = _directory["out/film.seg.dcm"];
        int[] areas =
            [.. Read("out/film.json").GetProperty("classes").EnumerateArray().Select(found => found.GetProperty("area_px").GetInt32())];
        Assert.InRange(areas.Sum(), 1, 120 * 90);
        if (type == "binary")
        {
            for (int frame = 1; frame <= frames; frame++)
            {
                Radiograph read = ImageReader.Decode(File.ReadAllBytes(file), "seg", new DicomOptions { Frame = frame });
                Assert.Equal(areas[frame - 1], LungMask.FromImage(read).Area);
            }
        }
        else
        {
            ushort[] labels = ImageReader.Read(_directory["out/film.labels.png"]).Samples.ToArray();
            ushort[] read = ImageReader.Decode(File.ReadAllBytes(file), "seg").Samples.ToArray();
            Assert.Equal(labels.Select(label => label > 0), read.Select(sample => sample > 0));
        }
        string bytes = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file));
        foreach (string word in (string[])["Left lung", "7771000", "80891009", "CLASS3", "a/b", "CLASSES"]) Assert.Contains(word, bytes);
        // Debian's dciodvfy does not know label maps.
        if (type == "labelmap") return;
        Peer.Need("dciodvfy", "dicom3tools");
        (_, string said) = Peer.Run("dciodvfy", file);
        Assert.DoesNotContain("Error", said);
    }

    [Fact]
    public void A_segmentation_of_classes_needs_a_DICOM_image_and_has_no_probabilities()
    {
        string[] segment =
        [
            "segment", Repository.Sample, "--weights", Save(4), "--option", "activation=softmax", "--size", "64",
            "-o", _directory["out"], "-q", "--format", "seg",
        ];
        Lungseg.Run(segment).Refused("refers to a DICOM image");
        Lungseg.Run([.. segment, "--seg-type", "fractional"]).Refused("binary or labelmap");
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
        Assert.Contains("64 x 64 (RGB, mean [0.485", run.Output);
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
