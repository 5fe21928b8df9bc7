using System.Diagnostics;
using LungSeg.Cli.Journals;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>Several runs that were started into one output directory.</summary>
public sealed class SharedDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public SharedDirectoryTests() => Images.Write(_directory, "in", "a.png", "b.png", "c.png");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void While_a_run_in_one_piece_works_no_other_begins()
    {
        using (Journal.Take(_directory["out"], Shard.Whole))
        {
            Segment().Refused(_directory["out"], "another run");
            Segment("--resume").Refused("another run");
            Segment("--shard", "1/2").Refused("a run without --shard");
        }
        Assert.Equal(0, Segment().Exit);
    }

    [Fact]
    public void Shards_share_a_directory_and_keep_a_run_in_one_piece_away()
    {
        using (Journal.Take(_directory["out"], new Shard(1, 2)))
        {
            Segment().Refused(_directory["out"], "another run");
            Segment("--shard", "1/2").Refused("journal.1-of-2.jsonl", "same shard");
            Assert.Equal(0, Segment("--shard", "2/2").Exit);
            Lungseg.Run("merge", _directory["out"]).Refused("another run");
        }
        Assert.Equal(0, Segment("--shard", "1/2").Exit);
        Lungseg.Run("merge", _directory["out"]).Succeeded();
        Assert.Equal(0, Segment("--resume").Exit);
    }

    [Fact]
    public void Reports_are_made_while_a_run_works()
    {
        Segment();
        using (Journal.Take(_directory["out"], Shard.Whole)) Lungseg.Run("report", _directory["out"]).Succeeded();
        using (DirectoryLock.TryShare(_directory["out"])) Segment("--resume").Refused("another run");
    }

    [Fact]
    public void A_run_in_one_piece_deletes_nothing_of_running_shards_and_a_killed_process_holds_nothing()
    {
        Images.Write(_directory, "in", [.. Enumerable.Range(0, 60).Select(i => $"p{i}.png")]);
        string unfinished = _directory[$"out/a.mask.png.1-{new string('0', 32)}.tmp"];
        using (Journal.Take(_directory["out"], new Shard(2, 2)))
        {
            File.WriteAllText(unfinished, "half");
            Segment().Refused("another run");
            Assert.True(File.Exists(unfinished));
        }
        string[] arguments = ["segment", _directory["in"], "-o", _directory["out"], "--size", "128", "--shard", "1/2", "--json"];
        using (Process shard = Lungseg.Start(arguments))
        {
            Assert.NotNull(shard.StandardOutput.ReadLine());
            shard.Kill();
            shard.WaitForExit();
        }
        Run run = Segment("--resume");
        Assert.Equal(0, run.Exit);
        Assert.Contains("images are already finished", run.Error);
        Assert.DoesNotContain(_directory.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private Run Segment(params string[] more) =>
        Lungseg.Run(["segment", _directory["in"], "-o", _directory["out"], "--size", "128", .. more]);
}
