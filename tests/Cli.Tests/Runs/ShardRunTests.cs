using System.Diagnostics;
using LungSeg.Cli.Journals;
using LungSeg.IO;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>A run in parts, and the parts joined.</summary>
public sealed class ShardRunTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public ShardRunTests()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 14).Select(i => $"{i % 3}/p{i}.png")]);
        File.WriteAllText(_directory["in/bad.png"], "no image");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Four_shards_merged_are_one_run_byte_for_byte()
    {
        Segment("whole");
        Dictionary<string, string> whole = Hashes("whole");

        // On any number of threads.
        for (int i = 1; i <= 4; i++) Segment("together", "--shard", $"{i}/4", "--threads", $"{i}");
        Run run = Lungseg.Run("merge", _directory["together"]).Succeeded();
        Assert.Contains("15 images of 4 shards", run.Output);
        Assert.Equal(whole, Hashes("together"));
        // What was merged counts as no shard when it is merged again.
        Assert.Equal(run.Output, Lungseg.Run("merge", _directory["together"]).Succeeded().Output);
        Assert.Equal(whole, Hashes("together"));

        for (int i = 1; i <= 4; i++) Segment($"apart{i}", "--shard", $"{i}/4");
        string[] apart = [.. Enumerable.Range(1, 4).Select(i => _directory[$"apart{i}"])];
        Lungseg.Run(["merge", .. apart]).Refused("-o");
        Lungseg.Run(["merge", .. apart, "-o", _directory["merged"]]).Succeeded();
        Assert.Equal(whole, Hashes("merged"));

        // What shards finished, a run in one piece need not do again.
        run = Lungseg.Run(
            "segment", _directory["in"], "-o", _directory["together"], "--size", "128", "--format", "mask,json,coco", "--resume");
        Assert.Contains("14 of 15 images are already finished", run.Error);
    }

    // By hand: tests/long.sh soak.
    [Fact(Explicit = true)]
    public void Eighty_shards_at_once_are_one_run_byte_for_byte()
    {
        const int Shards = 80;
        Images.Write(_directory, "in", [.. Enumerable.Range(0, Shards).Select(i => $"{i % 7}/q{i}.png")]);
        Segment("whole");
        Process[] runs =
            [.. Enumerable.Range(1, Shards).Select(i => Lungseg.Start(Arguments("together", "--shard", $"{i}/{Shards}", "-q")))];
        foreach (Process run in runs)
        {
            run.WaitForExit();
            Assert.InRange(run.ExitCode, 0, 1);
            run.Dispose();
        }
        Assert.Contains($"95 images of {Shards} shards", Lungseg.Run("merge", _directory["together"]).Succeeded().Output);
        Assert.Equal(Hashes("whole"), Hashes("together"));
    }

    [Fact]
    public void What_is_missing_is_told()
    {
        foreach (int i in (int[])[1, 3]) Segment("out", "--shard", $"{i}/4");
        Run run = Lungseg.Run("merge", _directory["out"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("shard 2/4 is missing", run.Error);
        Assert.Contains("shard 4/4 is missing", run.Error);
        Assert.True(File.Exists(_directory["out/report.csv"]));

        // One more shard, which saw an image more, and lost an output.
        Images.Write(_directory, "in", "late.png");
        foreach (int i in (int[])[2, 4]) Segment("out", "--shard", $"{i}/4");
        string lost = Directory.EnumerateFiles(_directory["out"], "*.mask.png", SearchOption.AllDirectories).First();
        File.Delete(lost);
        run = Lungseg.Run("merge", _directory["out"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("shard 2/4 found other images than shard 1/4", run.Error);
        Assert.Contains($"'{lost}' is missing", run.Error);
    }

    [Fact]
    public void Shards_that_do_not_belong_together_are_refused()
    {
        Segment("a", "--shard", "1/2");
        Segment("b", "--shard", "1/3");
        Segment("c", "--shard", "2/2", "--threshold", "0.6");
        Lungseg.Run("merge", _directory["a"], _directory["b"], "-o", _directory["m"]).Refused("one of 2, one of 3");
        Lungseg.Run(
            "merge", _directory["a"], _directory["c"], "-o", _directory["m"]).Refused("threshold: 0.5 in shard 1/2, 0.6 in shard 2/2");
        Lungseg.Run("merge", _directory["in"]).Refused("journal.1-of-4.jsonl");
        Lungseg.Run("merge", _directory["nowhere"]).Refused("nowhere");
        Assert.False(Directory.Exists(_directory["m"]));
    }

    [Fact]
    public void A_shard_that_was_done_twice_counts_once_and_is_told()
    {
        Segment("a", "--shard", "1/2");
        Segment("a", "--shard", "2/2");
        Segment("b", "--shard", "2/2");
        Run run = Lungseg.Run("merge", _directory["a"], _directory["b"], "-o", _directory["m"]);
        Assert.Equal(1, run.Exit);
        Assert.Contains("count once", run.Error);
        Segment("whole");
        Assert.Equal(Hashes("whole"), Hashes("m"));
    }

    [Fact]
    public void Parts_of_another_number_in_one_directory_are_refused()
    {
        Segment("out", "--shard", "1/4");
        Lungseg.Run("segment", _directory["in"], "-o", _directory["out"], "--size", "128", "--shard", "1/2").Refused("1-of-4", "1/2");
    }

    private void Segment(string output, params string[] more) => Assert.InRange(Lungseg.Run(Arguments(output, more)).Exit, 0, 1);

    private string[] Arguments(string output, params string[] more) =>
        ["segment", _directory["in"], "-o", _directory[output], "--size", "128", "--format", "mask,json,coco", .. more];

    private Dictionary<string, string> Hashes(string folder) => Directory
        .EnumerateFiles(_directory[folder], "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) is string name
            && !name.StartsWith("journal", StringComparison.Ordinal) && !name.Contains("-of-") && name != DirectoryLock.Name)
        .ToDictionary(file => Path.GetRelativePath(_directory[folder], file), file => Sha256.TextOf(File.ReadAllBytes(file)));
}
