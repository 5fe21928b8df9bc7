using System.Text.Json.Nodes;
using LungSeg.Imaging.Tests.Dicom;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>replay: a recorded run again, byte for byte, or the first image that differs and why.</summary>
public sealed class ReplayRunTests : IDisposable
{
    private const string Formats = "mask,overlay,probabilities,npy,json,geojson,nrrd,nifti";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string Report => _directory["out/report.jsonl"];

    [Fact]
    public void All_results_are_the_same_byte_for_byte_and_nothing_is_changed()
    {
        Record("--format", Formats, "--threshold", "0.4", "--report", "--threads", "1");
        string[] before = Files();
        Assert.Equal("4 images: all 32 results are the same byte for byte\n", Lungseg.Run("replay", Report).Succeeded().Output);
        Lungseg.Run("replay", _directory["out"]).Succeeded();
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Images_may_have_moved()
    {
        Record("--format", "mask,npy");
        Directory.Move(_directory["in"], _directory["moved"]);
        Lungseg.Run("replay", Report, _directory["moved"]).Succeeded();
        Assert.NotEqual(0, Lungseg.Run("replay", Report).Exit);
    }

    [Fact]
    public void DICOM_results_too()
    {
        Directory.CreateDirectory(_directory["in"]);
        File.WriteAllBytes(_directory["in/a.dcm"], Films.Draw(500, 400).File);
        Lungseg.Run("segment", _directory["in"], "-o", _directory["out"], "--size", "128", "--format", "seg,sc,sr,pr", "-q").Succeeded();
        Lungseg.Run("replay", Report).Succeeded();
    }

    [Fact]
    public void The_first_image_that_differs_is_named_and_why()
    {
        Record("--format", "mask,npy");
        File.Copy(_directory["in/a/1.png"], _directory["in/a/2.png"], overwrite: true);
        Differs("a/2.png: the image is another one now", "version, weights, settings and machine are the same");
        File.Delete(_directory["in/a/2.png"]);
        Differs("a/2.png: this image is missing now");
    }

    [Theory]
    [InlineData("threshold", "--threshold", "0.7", "0.mask.png differs", "settings that differ: threshold: 0.5 recorded, 0.7 now")]
    [InlineData("version", null, "0.1.9 (abc)", "0.mask.png differs", "version: 0.1.9 (abc) recorded, ")]
    [InlineData("weights", null, "00", "0.mask.png differs", "weights: 00 recorded, ")]
    public void What_was_set_otherwise_is_named(string setting, string? option, string value, params string[] words)
    {
        Record("--format", "mask");
        Change(session =>
        {
            if (option is not null) session["arguments"] = new JsonArray("--size", "128", "--format", "mask", option, value);
            else session["settings"]![setting] = value;
        });
        // As if another program had written another mask.
        Change(image: entry => entry["record"]!["outputs"]![0]!["sha256"] = new string('0', 64));
        Differs(words);
    }

    [Fact]
    public void A_journal_that_says_too_little_or_too_much_is_refused()
    {
        Record("--format", "mask");
        Change(session => session["inputs"] = new JsonArray("@-"));
        Lungseg.Run("replay", Report).Refused("standard input");
        Change(session => session["arguments"] = new JsonArray("--output", "elsewhere"));
        Lungseg.Run("replay", Report).Refused("'--output'", "line 1");
        Change(session => session.AsObject().Remove("arguments"));
        Lungseg.Run("replay", Report).Refused("from a version before");
        File.Delete(_directory["out/journal.jsonl"]);
        Lungseg.Run("replay", Report).Refused("journal.jsonl' does not exist");
    }

    [Fact]
    public void What_is_not_reproducible_is_refused_by_name()
    {
        string[] segment = ["segment", Repository.Sample, "-o", _directory["out"], "--size", "128", "--reproducible"];
        Lungseg.Run([.. segment, "--device", "reference"]).Refused("--reproducible", "fused multiply-add");
        Run native = Lungseg.Process([.. segment, "-q"]);
        Assert.True(native.Exit == 0 || native.Error.Contains("fused multiply-add"), native.Error);
        Run without = Lungseg.Process(segment, environment: ("DOTNET_EnableAVX", "0"));
        if (System.Runtime.Intrinsics.X86.X86Base.IsSupported) without.Refused("Vector128", "fused multiply-add");
    }

    private void Record(params string[] options)
    {
        Images.Write(_directory, "in", "a/1.png", "a/2.png", "b/3.png", "0.png");
        Lungseg.Run(["segment", _directory["in"], "-o", _directory["out"], "--size", "128", "-q", .. options]).Succeeded();
    }

    private void Differs(params string[] words)
    {
        Run run = Lungseg.Run("replay", Report);
        Assert.True(run.Exit == 1, $"exit {run.Exit}: {run.Error}{run.Output}");
        Assert.All(words, word => Assert.Contains(word, run.Output));
    }

    private string[] Files() =>
    [
        .. Directory.GetFiles(_directory["out"], "*", SearchOption.AllDirectories).Order()
            .Select(file => file + File.GetLastWriteTimeUtc(file).Ticks),
    ];

    // Changes the session's line, or each image's.
    private void Change(Action<JsonNode>? session = null, Action<JsonNode>? image = null)
    {
        string path = _directory["out/journal.jsonl"];
        File.WriteAllLines(path, File.ReadAllLines(path).Select(line =>
        {
            JsonNode node = JsonNode.Parse(line)!;
            if (node["session"] is { } found) session?.Invoke(found);
            if (node["image"] is { } entry) image?.Invoke(entry);
            return node.ToJsonString();
        }).ToArray());
    }
}
