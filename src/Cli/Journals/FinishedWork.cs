using System.Collections.Concurrent;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Journals;

/// <summary>
/// What earlier runs, whole or in shards, finished in a directory. An image is skipped if its file, the settings and every byte of its
/// outputs are as the journal says.
/// </summary>
internal sealed class FinishedWork : IDisposable
{
    private const int MaxExamples = 3;
    private readonly string _directory;
    private readonly List<JournalFile> _journals = [];
    private readonly ConcurrentDictionary<string, (JournalFile Journal, DateTime Modified)> _kept = [];
    private readonly ConcurrentQueue<(string Reason, string Name)> _redone = [];

    private FinishedWork(string directory) => _directory = directory;

    /// <summary>No earlier run.</summary>
    public static FinishedWork None => new("");

    /// <summary>Number of images that are skipped.</summary>
    public int Count => _kept.Count;

    /// <summary>Opens the journals in a directory, which may have none.</summary>
    public static FinishedWork In(string directory)
    {
        var work = new FinishedWork(directory);
        foreach (string path in Journal.AllIn(directory)) work._journals.Add(JournalFile.Open(path));
        return work;
    }

    /// <summary>The images that remain to be done, in their order.</summary>
    /// <param name="inputs">All images of the run.</param>
    /// <param name="settings">The settings of the run.</param>
    /// <param name="writers">The formats of the run.</param>
    /// <param name="mayLack">Whether an image may lack formats that it cannot have.</param>
    public IReadOnlyList<Input> Rest(
        IReadOnlyList<Input> inputs, RunSettings settings, IReadOnlyList<IResultWriter> writers, bool mayLack) =>
    [
        .. inputs.AsParallel().AsOrdered()
            .Where(input => !IsFinished(input, settings, entry => Expected(input, entry, writers, mayLack))),
    ];

    /// <summary>Which images are done again, one line for each reason.</summary>
    public IEnumerable<string> Redone() => _redone
        .GroupBy(redone => redone.Reason, redone => redone.Name)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"done again: {group.Count()}, {group.Key} "
            + $"({string.Join(", ", group.Order(StringComparer.Ordinal).Take(MaxExamples))}"
            + $"{(group.Count() > MaxExamples ? ", …" : "")})");

    /// <summary>The lines of the finished images and of the sessions that did them, for the new journal.</summary>
    public IEnumerable<JournalLine> Kept()
    {
        foreach (JournalFile journal in _journals.Where(journal => _kept.Values.Any(kept => kept.Journal == journal)))
        {
            foreach (RunSession session in journal.Sessions) yield return new JournalLine { Session = session };
        }
        foreach (string name in _kept.Keys.Order(StringComparer.Ordinal))
        {
            (JournalFile journal, DateTime modified) = _kept[name];
            yield return new JournalLine { Image = journal.Find(name)! with { Modified = modified } };
        }
    }

    /// <summary>The entries of the finished images.</summary>
    public IEnumerable<JournalEntry> Entries() => Kept().Select(line => line.Image).OfType<JournalEntry>();

    public void Dispose()
    {
        foreach (JournalFile journal in _journals) journal.Dispose();
    }

    private static IReadOnlyList<string> Expected(Input input, JournalEntry entry, IReadOnlyList<IResultWriter> writers, bool mayLack)
    {
        IEnumerable<string> lacking = mayLack ? entry.Record.Skipped.Select(skipped => skipped.Format) : [];
        return ResultFiles.Names(input.Stem, writers.Where(writer => !lacking.Contains(writer.Name)));
    }

    private bool IsFinished(Input input, RunSettings settings, Func<JournalEntry, IReadOnlyList<string>> outputs)
    {
        string? why = null;
        foreach (JournalFile journal in _journals)
        {
            if (journal.Find(input.Name) is not { } entry) continue;
            (string? reason, DateTime modified) = Check(journal, entry, input, settings, outputs(entry));
            if (reason is null) return _kept.TryAdd(input.Name, (journal, modified));
            why ??= reason;
        }
        if (why is not null) _redone.Enqueue((why, input.Name));
        return false;
    }

    private (string? Reason, DateTime Modified) Check(
        JournalFile journal, JournalEntry entry, Input input, RunSettings settings, IReadOnlyList<string> outputs)
    {
        DateTime modified = File.GetLastWriteTimeUtc(input.Path);
        string? reason =
            entry.Record.Failed ? "because they failed before"
            : entry.Settings != settings.Fingerprint ? $"because the settings changed: {Difference(journal, entry, settings)}"
            : !IsSameInput(entry, input.Path, modified) ? "because the image changed"
            : !entry.Record.Outputs.Select(output => output.Name).SequenceEqual(outputs) ? "because the names of the outputs changed"
            : !entry.Record.Outputs.All(output => output.IsIn(_directory)) ? "because an output is missing or was changed"
            : null;
        return (reason, modified);
    }

    private static bool IsSameInput(JournalEntry entry, string path, DateTime modified)
    {
        var file = new FileInfo(path);
        if (!file.Exists) return false;
        using FileStream stream = file.OpenRead();
        return stream.Length == entry.Bytes && (modified == entry.Modified || Sha256.TextOf(stream) == entry.Record.Sha256);
    }

    private static string Difference(JournalFile journal, JournalEntry entry, RunSettings settings)
    {
        RunSession? session = journal.Sessions.LastOrDefault(session => RunSettings.Hash(session.Settings) == entry.Settings);
        return session is null
            ? "the earlier settings are not known"
            : RunSettings.Difference(session.Settings, settings.Values, "before", "now");
    }
}

/// <summary>Unfinished files that a killed run left beside the names of its outputs.</summary>
internal static class Leftovers
{
    /// <summary>Deletes those whose names begin with one of these stems; other processes may be at work in the same directory.</summary>
    public static void Remove(string directory, IReadOnlyCollection<string> outputStems)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        string[] unfinished = [.. Directory.EnumerateFiles(directory, "*.tmp", everything).Where(path => AtomicFile.IsUnfinished(path))];
        if (unfinished.Length == 0) return;
        HashSet<string> stems = [.. outputStems];
        foreach (string path in unfinished)
        {
            string name = Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/');
            if (StemsOf(name).Any(stems.Contains)) File.Delete(path);
        }
    }

    // A stem may hold dots, and so may the rest of a name.
    private static IEnumerable<string> StemsOf(string name)
    {
        for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1)) yield return name[..dot];
    }
}
