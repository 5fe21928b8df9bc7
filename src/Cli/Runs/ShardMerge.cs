using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>
/// Makes one run of the shards of a run: their outputs in one directory, one journal, one set of reports. It tells what is missing and goes
/// on; it refuses to mix what does not belong together.
/// </summary>
internal sealed class ShardMerge : IDisposable
{
    private readonly List<(string Directory, Shard Shard, JournalFile Journal)> _shards = [];
    private readonly SortedDictionary<string, (string Directory, JournalFile Journal)> _images = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    private ShardMerge()
    {
    }

    /// <summary>What keeps the merged run from being whole, a line each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    public int Shards => _shards.Count;

    public int Images => _images.Count;

    /// <summary>Opens the shards' journals in directories; throws <see cref="UsageException"/> where there are none, or they are of several runs.</summary>
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

    /// <summary>Writes journal and reports of the whole run into a directory, and copies the outputs that are not there. Returns the reports' paths.</summary>
    public IReadOnlyList<string> Write(string target, bool html)
    {
        using Journal journal = Journal.Take(target, Shard.Whole);
        string[] outputs = [.. _images.SelectMany(image => image.Value.Journal.Find(image.Key)!.Record.Outputs).Select(output => output.Name)];
        Leftovers.Remove(target, Shard.Whole, outputs);
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
        if (!Directory.Exists(directory)) throw new UsageException($"there is no directory '{directory}'");
        int before = _shards.Count;
        foreach (string path in Journal.AllIn(directory).Where(path => !Journal.IsWhole(path)))
        {
            JournalFile journal = JournalFile.Open(path);
            _shards.Add((directory, Shard.Parse(journal.Sessions[^1].Shard, _ => null), journal));
        }
        if (_shards.Count == before)
            throw new UsageException($"'{directory}' has no shard's journal such as journal.1-of-4.jsonl; name the output directories of 'lungseg segment --shard'");
    }

    private void CheckRun()
    {
        _shards.Sort((a, b) => a.Shard.Index.CompareTo(b.Shard.Index));
        (_, Shard first, JournalFile journal) = _shards[0];
        foreach ((_, Shard shard, JournalFile other) in _shards)
        {
            if (shard.Count != first.Count)
                throw new UsageException($"'{journal.Path}' and '{other.Path}' are parts of different runs: one of {first.Count}, one of {shard.Count} shards");
            string difference = RunSettings.Difference(journal.Sessions[^1].Settings, other.Sessions[^1].Settings, $"in shard {first}", $"in shard {shard}");
            if (difference.Length > 0) throw new UsageException($"the shards ran with different settings: {difference}");
            if (other.Sessions[^1].AllNames != journal.Sessions[^1].AllNames)
                _problems.Add($"shard {shard} found other images than shard {first}: the input changed between them, and some may be in no shard");
            if (other.Count < other.Sessions[^1].Images)
                _problems.Add($"shard {shard} is not finished: {other.Sessions[^1].Images - other.Count} of {other.Sessions[^1].Images} images are to do; --resume it, then merge again");
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
                    throw new UsageException($"'{name}' has different results in '{other.Journal.Path}' and '{journal.Path}': merge with one of them alone");
            }
            if (twice > 0) _problems.Add($"{twice} images of '{journal.Path}' (shard {shard}) were in other journals already; they count once");
        }
    }

    private void CopyOutputs(string directory, JournalFile journal, string target)
    {
        bool inPlace = RealPath.Of(directory) == RealPath.Of(target);
        foreach ((string name, _) in _images.Where(image => image.Value.Journal == journal))
        {
            foreach (OutputFile output in journal.Find(name)!.Record.Outputs)
            {
                if (!output.IsIn(directory)) _problems.Add($"'{output.PathIn(directory)}' is missing or not as it was written");
                else if (!inPlace) Copy(output.PathIn(directory), output.PathIn(target));
            }
        }
    }

    private static void Copy(string from, string to)
    {
        OutputDirectory.Create(Path.GetDirectoryName(to)!);
        AtomicFile.Copy(from, to);
    }

    private static string Line(ImageRecord record) => JsonSerializer.Serialize(record with { Milliseconds = null }, RunJson.Lines.ImageRecord);
}
