using System.Text;

namespace LungSeg.Cli.Tests.Runs;

/// <summary>
/// Journals that were damaged, or made to lead out of their directory: one line with file and line number, and nothing else happens.
/// </summary>
public sealed class HostileJournalTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("merge-a", "journal.1-of-2.jsonl", 4)]
    [InlineData("merge-b", "journal.1-of-2.jsonl", 3)]
    public void A_damaged_journal_of_a_shard_is_not_merged(string name, string journal, int line)
    {
        string shards = Copy(name);
        Lungseg.Run("merge", shards, "-o", _directory["merged"]).Refused($"line {line} ", Path.Combine(shards, journal), "damaged");
        Assert.False(Directory.Exists(_directory["merged"]));
    }

    [Fact]
    public void A_damaged_journal_is_not_reported()
    {
        string run = Copy("report-a");
        Lungseg.Run("report", run).Refused("line 5 ", Path.Combine(run, "journal.jsonl"), "$.image.record");
        Assert.Equal(["report-a/journal.jsonl"], _directory.Files);
    }

    [Fact]
    public void A_damaged_journal_is_not_resumed()
    {
        string run = Copy("resume-a");
        Images.Write(_directory, "in", "a.png");
        Lungseg.Run("segment", _directory["in"], "-o", run, "--size", "128", "--format", "mask,json", "--resume")
            .Refused("line 3 ", Path.Combine(run, "journal.jsonl"));
        Assert.False(File.Exists(Path.Combine(run, "report.csv")));
    }

    // Version 0.1.0 had other names of members and settings.
    [Fact]
    public void A_journal_of_an_older_version_is_refused_in_one_line_that_says_what_to_do()
    {
        string run = Copy("version-1"), journal = Path.Combine(run, "journal.jsonl");
        Images.Write(_directory, "in", "a.png");
        string[] segment = ["segment", _directory["in"], "-o", run, "--size", "128", "--format", "mask,json"];
        foreach (Run refused in (Run[])[Lungseg.Run([.. segment, "--resume"]), Lungseg.Run("report", run)])
            refused.Refused(journal, "older version", "schema 1, 2 expected", "run without --resume");
        Lungseg.Run([.. segment, "-q"]).Succeeded();
        Assert.Equal(0, Lungseg.Run([.. segment, "--resume"]).Exit);

        // And one of the future.
        File.WriteAllText(journal, File.ReadAllText(journal).Replace("{\"session\":{\"schema\":2,", "{\"session\":{\"schema\":3,"));
        Lungseg.Run([.. segment, "--resume"]).Refused(journal, "newer version", "schema 3, 2 expected");
    }

    [Theory]
    [InlineData("../dot_profile")]
    [InlineData("/etc/passwd")]
    [InlineData("p1.mask.png/../../dot_profile")]
    [InlineData("other.mask.png")]
    [InlineData("journal.2-of-2.jsonl")]
    public void A_name_that_is_not_the_images_own_is_refused(string name)
    {
        string shards = Path.Combine(Copy("traversal"), "shards"), journal = Path.Combine(shards, "journal.1-of-2.jsonl");
        File.WriteAllText(journal, File.ReadAllText(journal).Replace("../dot_profile", name));
        Lungseg.Run("merge", shards, "-o", _directory["merged/below"]).Refused("line 2 ", journal, name);
        Assert.False(Directory.Exists(_directory["merged"]));
    }

    [Theory]
    [InlineData("../p1.png")]
    [InlineData("/p1.png")]
    [InlineData("a//p1.png")]
    [InlineData("")]
    public void An_image_that_would_lie_elsewhere_is_refused(string name)
    {
        string shards = Path.Combine(Copy("traversal"), "shards"), journal = Path.Combine(shards, "journal.1-of-2.jsonl");
        File.WriteAllText(journal, File.ReadAllText(journal).Replace("\"p1.png\"", $"\"{name}\""));
        Lungseg.Run("merge", shards, "-o", _directory["merged/below"]).Refused("line 2 ", journal, $"'{name}' is not the name");
    }

    [Fact]
    public void Links_out_of_the_directory_are_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a permission on Windows");
        Images.Write(_directory, "in", "a/x.png", "b.png");
        string secret = _directory.Write("secret", "not yours"u8.ToArray());
        Directory.CreateDirectory(_directory["elsewhere"]);

        // Files beside the journal that a run opens by a name of its own.
        foreach (string name in (string[])[".lungseg.lock", "journal.jsonl.new", "report.csv", "b.mask.png"])
        {
            Directory.CreateDirectory(_directory["out"]);
            File.CreateSymbolicLink(_directory[$"out/{name}"], secret);
            Segment();
            Assert.Equal("not yours", File.ReadAllText(secret));
            Directory.Delete(_directory["out"], recursive: true);
        }
        // A folder of outputs.
        Directory.CreateDirectory(_directory["out"]);
        Directory.CreateSymbolicLink(_directory["out/a"], _directory["elsewhere"]);
        Segment().Refused(_directory["out/a"], "leads out");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["elsewhere"]));
        Directory.Delete(_directory["out"], recursive: true);

        // An output that was replaced by a link to the same bytes, and a journal.
        Assert.Equal(0, Segment().Exit);
        File.Move(_directory["out/b.mask.png"], _directory["b.mask.png"]);
        File.CreateSymbolicLink(_directory["out/b.mask.png"], _directory["b.mask.png"]);
        Assert.Contains("an output is missing or was changed (b.png)", Segment("--resume").Error);
        File.Move(_directory["out/journal.jsonl"], _directory["journal.jsonl"]);
        File.CreateSymbolicLink(_directory["out/journal.jsonl"], _directory["journal.jsonl"]);
        Segment("--resume").Refused("journal.jsonl", "is a link");
        Lungseg.Run("report", _directory["out"]).Refused("journal.jsonl", "is a link");
    }

    [Fact]
    public void Whatever_is_done_to_a_journal_the_answer_is_one_line()
    {
        Images.Write(_directory, "in", "a.png", "b.png");
        for (int i = 1; i <= 2; i++) Assert.InRange(Segment("--shard", $"{i}/2", "--json").Exit, 0, 0);
        string path = Directory.EnumerateFiles(_directory["out"], "journal.*").OrderByDescending(file => new FileInfo(file).Length).First();
        byte[] good = File.ReadAllBytes(path);
        string[] words = ["null", "-1", "1e999", "[]", "{}", "\"\\u0000\"", "\"../x\"", "99999999999999999999", "true", "\"\""];
        int[] values = [.. Enumerable.Range(1, good.Length - 1).Where(i => good[i - 1] is (byte)':' or (byte)'[')];
        var random = new Random(7);
        for (int n = 0; n < 400; n++)
        {
            byte[] bad = (n % 4) switch
            {
                0 => good[..random.Next(good.Length)],
                1 => Changed(good, random.Next(good.Length), (byte)random.Next(256)),
                _ => Replaced(good, values[random.Next(values.Length)], words[random.Next(words.Length)]),
            };
            File.WriteAllBytes(path, bad);
            Run run = Lungseg.Run("merge", _directory["out"], "-o", _directory["merged"], "--report");
            Assert.True(run.Exit is 0 or 1 or 2, $"exit {run.Exit}: {run.Error}");
            if (run.Exit == 2) run.Refused();
        }
        Assert.All(_directory.Files, file => Assert.True(file.Split('/')[0] is "in" or "out" or "merged", file));
    }

    private static byte[] Changed(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }

    // Up to the next comma or bracket, which most often is a value.
    private static byte[] Replaced(byte[] bytes, int at, string value)
    {
        int end = Array.FindIndex(bytes, at, b => b is (byte)',' or (byte)'}' or (byte)']' or (byte)'\n');
        return [.. bytes[..at], .. Encoding.UTF8.GetBytes(value), .. bytes[end..]];
    }

    private Run Segment(params string[] more) =>
        Lungseg.Run(["segment", _directory["in"], "-o", _directory["out"], "--size", "128", "--format", "mask,json", .. more]);

    private string Copy(string name)
    {
        string from = Repository.PathOf("tests", "data", "journals", name);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string to = _directory[Path.Combine(name, Path.GetRelativePath(from, file))];
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return _directory[name];
    }
}
