using System.Text.Json;
using LungSeg.Imaging;

namespace LungSeg.Cli.Tests;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static string Dicom(string name) => Repository.PathOf("tests", "data", "dicom", "read", name);

    [Fact]
    public void A_DICOM_file_is_shown_with_every_decision()
    {
        Run run = Lungseg.Run("inspect", Dicom("window_sigmoid.dcm"), Repository.Sample).Succeeded();
        foreach (string words in (string[])[
            "DICOM, explicit VR little endian", "61 x 47 pixels", "SIGMOID", "MONOCHROME2", "Imager Pixel Spacing (0018,1164)",
            "patient's left is on the right", "PNG, 8-bit grey", "1024 x 1024"])
            Assert.Contains(words, run.Output);
    }

    [Fact]
    public void A_refused_file_shows_what_was_decided_until_then_and_why()
    {
        Run run = Lungseg.Run("inspect", Dicom("frames.dcm"));
        Assert.Equal(2, run.Exit);
        Assert.Contains("pixels", run.Output);
        Assert.Contains("--frame", run.Error);
        Lungseg.Run("inspect", _directory["missing.dcm"]).Refused("no such file");
        Assert.Equal(1, Lungseg.Run("inspect", Dicom("frames.dcm"), Repository.Sample).Exit);
        Assert.Contains("2 of 3", Lungseg.Run("inspect", Dicom("frames.dcm"), "--frame", "2").Succeeded().Output);
    }

    [Fact]
    public void JSON_has_one_object_for_each_file()
    {
        Run run = Lungseg.Run("inspect", Dicom("native12.dcm"), Dicom("frames.dcm"), "--json", "--voi", "none");
        Assert.Equal(1, run.Exit);
        JsonElement read = run.Json[0], refused = run.Json[1];
        Assert.Equal(JsonValueKind.Null, read.GetProperty("refused").ValueKind);
        Assert.Equal(61, read.GetProperty("image").GetProperty("width").GetInt32());
        Assert.Equal(0.16, read.GetProperty("image").GetProperty("spacing_mm").GetProperty("rows").GetDouble(), 9);
        Assert.Contains(read.GetProperty("image").GetProperty("decisions").EnumerateArray(),
            d => d.GetProperty("topic").GetString() == "VOI"
                && d.GetProperty("text").GetString()!.Contains("as asked", StringComparison.Ordinal));
        Assert.Contains("3 frames", refused.GetProperty("refused").GetString());
        Assert.NotEqual(0, refused.GetProperty("decisions").GetArrayLength());
    }

    [Fact]
    public void The_image_as_it_was_read_can_be_written()
    {
        Lungseg.Run("inspect", Dicom("mono1_window.dcm"), "-o", _directory["out"]).Succeeded();
        Radiograph written = ImageReader.Read(_directory["out/mono1_window.png"]), read = ImageReader.Read(Dicom("mono1_window.dcm"));
        Assert.True(written.Samples.SequenceEqual(read.Samples));
    }

    [Fact]
    public void An_image_is_written_over_no_other()
    {
        string image = _directory["a.png"];
        File.Copy(Repository.Sample, image);
        Lungseg.Run("inspect", image, "-o", _directory.Name).Refused("a.png", "already exists");
        Assert.Equal(File.ReadAllBytes(Repository.Sample), File.ReadAllBytes(image));
        Directory.CreateDirectory(_directory["b"]);
        File.Copy(image, _directory["b/a.png"]);
        Lungseg.Run("inspect", image, _directory["b/a.png"], "-o", _directory["out"]).Refused("both be written");
    }
}
