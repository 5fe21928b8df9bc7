using System.Text.Json;
using LungSeg.Cli.Tests.Runs;

namespace LungSeg.Cli.Tests;

/// <summary>Folders and masks as archives and collections have them.</summary>
public sealed class FieldCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Objects_that_are_no_images_are_left_out_of_a_folder_and_counted()
    {
        File.Copy(Repository.PathOf("tests", "data", "dicom", "read", "native12.dcm"), _directory["IM0001"]);
        Lungseg.Run("segment", _directory["IM0001"], "-o", _directory["made"], "--size", "128", "--format", "seg,sc").Succeeded();
        Directory.CreateDirectory(_directory["disc"]);
        File.Move(_directory["IM0001"], _directory["disc/IM0001"]);
        File.Move(_directory["made/IM0001.seg.dcm"], _directory["disc/IM0002"]);
        File.Move(_directory["made/IM0001.sc.dcm"], _directory["disc/IM0003.dcm"]);
        Run run = Lungseg.Run("segment", _directory["disc"], "-o", _directory["out"], "--size", "128");
        Assert.Equal(0, run.Exit);
        Assert.Contains("2 DICOM objects without an image to segment (1 capture by LungSeg, 1 segmentation)", run.Error);
        Assert.Equal(2, File.ReadAllLines(_directory["out/report.csv"]).Length);

        // Named, each is refused by name.
        Lungseg.Run("segment", _directory["disc/IM0002"], "-o", _directory["out2"]).Refused("segmentation", "no acquired image");
        Lungseg.Run("segment", _directory["disc/IM0003.dcm"], "-o", _directory["out2"]).Refused("capture by LungSeg");
        File.Delete(_directory["disc/IM0001"]);
        Lungseg.Run("segment", _directory["disc"], "-o", _directory["out3"]).Refused("no image was found", "2 DICOM objects");
    }

    [Fact]
    public void A_disc_gives_one_image_and_leaves_three_objects_out()
    {
        Run run = Lungseg.Run("segment", Field("disc"), "-o", _directory["out"], "--size", "128");
        Assert.Equal(0, run.Exit);
        Assert.Contains(
            "3 DICOM objects without an image to segment (1 capture by LungSeg, 1 presentation state, 1 segmentation)", run.Error);
        Assert.True(File.Exists(_directory["out/IM0001.mask.png"]));
    }

    [Theory]
    [InlineData("mask-1bit-tiff")]
    [InlineData("mask-gif")]
    [InlineData("mask-white-with-alpha")]
    [InlineData("mask-0-127-255", "--labels", "union")]
    public void A_reference_in_another_coding_gives_the_dice_of_the_plain_one(string folder, params string[] more)
    {
        Run run = Lungseg.Run(["evaluate", Field(folder, "img"), Field(folder, "mask"), "--json", .. more]);
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal(0.9805, run.Json.GetProperty("networks")[0].GetProperty("images")[0].GetProperty("dice").GetDouble(), 0.00005);
    }

    [Fact]
    public void Warnings_go_to_inspect_JSON_and_reports()
    {
        File.Copy(Field("window-0-0.dcm"), Path.Combine(Directory.CreateDirectory(_directory["in"]).FullName, "a.dcm"));
        Assert.Contains("warning: the window of center \"0\"", Lungseg.Run("inspect", _directory["in/a.dcm"]).Succeeded().Output);
        Lungseg.Run(
            "segment", _directory["in"], "-o", _directory["out"], "--size", "128", "--format", "json", "--report", "-q").Succeeded();
        foreach (string file in (string[])["a.json", "report.csv", "report.jsonl", "report.html"])
            Assert.Contains("the window of center", File.ReadAllText(_directory[$"out/{file}"]));
    }

    [Fact]
    public void The_contrast_of_a_sliver_of_the_range_is_stretched_and_told()
    {
        Images.WritePale(_directory, "pale.png");
        Lungseg.Run("segment", _directory["pale.png"], "-o", _directory["auto"], "--size", "128", "--format", "json", "-q").Succeeded();
        JsonElement json = JsonDocument.Parse(File.ReadAllText(_directory["auto/pale.json"])).RootElement;
        Assert.Equal(2, json.GetProperty("method").GetProperty("contrast_stretch").GetArrayLength());
        Assert.Contains(
            json.GetProperty("image").GetProperty("decisions").EnumerateArray(), d => d.GetProperty("topic").GetString() == "contrast");
        foreach (string[] options in (string[][])[["--contrast", "off"], ["--mode", "study"]])
        {
            {
                string[] arguments =
                    ["segment", _directory["pale.png"], "-o", _directory["off"], "--size", "128", "--format", "json", "-q"];
                Lungseg.Run([.. arguments, .. options]).Succeeded();
            }
            json = JsonDocument.Parse(File.ReadAllText(_directory["off/pale.json"])).RootElement;
            Assert.Equal(JsonValueKind.Null, json.GetProperty("method").GetProperty("contrast_stretch").ValueKind);
        }
    }

    private static string Field(params ReadOnlySpan<string> parts)
    {
        string path = Repository.PathOf(["..", "shared", "field", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"the shared cases are absent: {path}");
        return path;
    }
}
