using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Reports;
using LungSeg.IO;

namespace LungSeg.Cli.Commands;

/// <summary><c>merge DIR…</c>: merges the shards of a run.</summary>
internal static class MergeCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg merge out", "merge shards that were written into one directory"),
        new("lungseg merge out1 out2 out3 out4 -o all", "merge shards of several directories, and copy their outputs"),
    ];

    private const string Note = "The merged reports equal those of an undivided run byte for byte. Shards that are missing, unfinished or "
        + "duplicated are listed, and the exit code is 1.";

    public static Command Create()
    {
        var directories = new Argument<string[]>("DIR")
        {
            Description = "Output directories of 'lungseg segment --shard': one for all shards, or several",
            Arity = ArgumentArity.OneOrMore,
        };
        var target = new Option<string?>("--output", "-o")
        {
            Description = "Directory for the journal, the reports and copies of all outputs; default: DIR, if there is only one",
            HelpName = "DIR",
        };
        var report = new Option<bool>("--report") { Description = "Also write report.html" };
        var command = new CliCommand("merge", "Merge the shards of a run: reports, journal and outputs.", Examples, Note)
        {
            directories, target, report,
        };
        command.SetAction(parsed =>
        {
            string[] sources = parsed.GetRequiredValue(directories);
            string output = parsed.GetValue(target) ?? (sources.Length == 1 ? sources[0]
                : throw new UsageException($"{sources.Length} directories were named: give the directory of the merged run with -o"));
            OutputDirectory.Check(output);
            using ShardMerge merge = ShardMerge.Of(sources);
            IReadOnlyList<string> reports = merge.Write(output, parsed.GetValue(report));
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            foreach (string problem in merge.Problems) CommandLine.Tell(streams.Error, problem);
            streams.Output.WriteLine($"{merge.Images} images of {merge.Shards} shards; wrote {string.Join(", ", reports)}");
            return merge.Problems.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }
}

/// <summary>
/// Merges the shards of a run: their outputs in one directory, one journal, one set of reports. What is missing is reported; shards of
/// different runs are refused.
/// </summary>
internal sealed class ShardMerge : IDisposable
{
    private readonly List<(string Directory, Shard Shard, JournalFile Journal)> _shards = [];
    private readonly SortedDictionary<string, (string Directory, JournalFile Journal)> _images = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private ShardMerge()
    {
    }

    /// <summary>Why the merged run is incomplete, one line for each reason.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public int Shards => _shards.Count;

    public int Images => _images.Count;

    /// <summary>
    /// Opens the shards' journals; throws <see cref="UsageException"/> where there are none, or they belong to several runs.
    /// </summary>
    public static ShardMerge Of(IEnumerable<string> directories)
    {
        var merge = new ShardMerge();
        try
        {
            foreach (string directory in directories) merge.Open(directory);
            merge.CheckRun();
            merge.Join();
            return merge;
        }
        catch
        {
            merge.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes journal and reports of the whole run, copies the outputs that are elsewhere, and returns the reports' paths.
    /// </summary>
    public IReadOnlyList<string> Write(string target, bool html)
    {
        using Journal journal = Journal.Take(target, Shard.Whole);
        string[] outputs =
        [
            .. _images.SelectMany(image => image.Value.Journal.Find(image.Key)!.Record.Outputs).Select(output => output.Name),
        ];
        Leftovers.Remove(target, [.. outputs, .. RunReports.NamesOf(Shard.Whole)]);
        OutputDirectory.CheckLinks(target, outputs);
        foreach ((string directory, JournalFile from) in _images.Values.Distinct()) CopyOutputs(directory, from, target);
        journal.Begin(_shards.SelectMany(shard => shard.Journal.Sessions)
            .Select(session => new JournalLine { Session = session })
            .Concat(_images.Select(image => new JournalLine { Image = image.Value.Journal.Find(image.Key) })));
        journal.Add(new JournalLine { End = new SessionEnd(DateTime.UtcNow, _problems.Count > 0) });
        return RunReports.Write(target, Shard.Whole, html);
    }

    public void Dispose()
    {
        foreach ((_, _, JournalFile journal) in _shards) journal.Dispose();
    }

    private void Open(string directory)
    {
        if (!Directory.Exists(directory)) throw new UsageException($"the directory '{directory}' does not exist");
        int before = _shards.Count;
        foreach (string path in Journal.AllIn(directory).Where(path => !Journal.IsWhole(path)))
        {
            JournalFile journal = JournalFile.Open(path);
            _shards.Add((directory, Shard.Parse(journal.Sessions[^1].Shard, _ => null), journal));
        }
        if (_shards.Count == before)
        {
            throw new UsageException($"'{directory}' has no journal of a shard, such as journal.1-of-4.jsonl: "
                + "give the output directories of 'lungseg segment --shard'");
        }
    }

    private void CheckRun()
    {
        _shards.Sort((a, b) => a.Shard.Index.CompareTo(b.Shard.Index));
        (_, Shard first, JournalFile journal) = _shards[0];
        RunSession session = journal.Sessions[^1];
        foreach ((_, Shard shard, JournalFile other) in _shards)
        {
            if (shard.Count != first.Count)
            {
                throw new UsageException($"'{journal.Path}' and '{other.Path}' belong to different runs: "
                    + $"one of {first.Count}, one of {shard.Count} shards");
            }
            RunSession last = other.Sessions[^1];
            string difference = RunSettings.Difference(session.Settings, last.Settings, $"in shard {first}", $"in shard {shard}");
            if (difference.Length > 0) throw new UsageException($"the shards ran with different settings: {difference}");
            if (last.AllNames != session.AllNames)
            {
                _problems.Add(
                    $"shard {shard} found other images than shard {first}: the input changed between them, and some may be in no shard");
            }
            if (other.Count < last.Images)
            {
                _problems.Add($"shard {shard} is not finished: {last.Images - other.Count} of {last.Images} images remain; "
                    + "continue it with --resume, then merge again");
            }
        }
        foreach (int index in Enumerable.Range(1, first.Count).Except(_shards.Select(shard => shard.Shard.Index)))
            _problems.Add($"shard {index}/{first.Count} is missing");
    }

    private void Join()
    {
        foreach ((string directory, Shard shard, JournalFile journal) in _shards)
        {
            int twice = 0;
            foreach (string name in journal.Names)
            {
                if (!_images.TryGetValue(name, out (string Directory, JournalFile Journal) other))
                {
                    _images.Add(name, (directory, journal));
                    continue;
                }
                twice++;
                ImageRecord now = journal.Find(name)!.Record, before = other.Journal.Find(name)!.Record;
                if (before.Failed) _images[name] = (directory, journal);
                else if (!now.Failed && Line(now) != Line(before))
                {
                    throw new UsageException(
                        $"'{name}' has different results in '{other.Journal.Path}' and '{journal.Path}': merge with only one of them");
                }
            }
            if (twice > 0) _problems.Add($"{twice} images of '{journal.Path}' (shard {shard}) are in other journals too; they count once");
        }
    }

    private void CopyOutputs(string directory, JournalFile journal, string target)
    {
        bool inPlace = RealPath.Of(directory) == RealPath.Of(target);
        foreach ((string name, _) in _images.Where(image => image.Value.Journal == journal))
        {
            foreach (OutputFile output in journal.Find(name)!.Record.Outputs)
            {
                if (!output.IsIn(directory)) _problems.Add($"'{output.PathIn(directory)}' is missing or was changed");
                else if (!inPlace) Copy(output.PathIn(directory), output.PathIn(target));
            }
        }
    }

    private static void Copy(string from, string to)
    {
        OutputDirectory.Create(Path.GetDirectoryName(to)!);
        AtomicFile.Copy(from, to);
    }

    // Without what differs between runs and machines: times, and the device in the method.
    private static string Line(ImageRecord record) =>
        JsonSerializer.Serialize(record with { Milliseconds = null, Method = null }, RunJson.Lines.ImageRecord);
}
