using System.Collections.Concurrent;
using LungSeg.Cli.Inputs;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>
/// What earlier runs into a directory finished, whole or in shards: an image is skipped if its file, its settings and all of its outputs
/// are what the journal says, byte for byte.
/// </summary>
internal sealed class FinishedWork : IDisposable
{
    private const int MostExamples = 3;
    private readonly string _directory;
    private readonly List<JournalFile> _journals = [];
    private readonly ConcurrentDictionary<string, (JournalFile Journal, DateTime Modified)> _kept = [];
    private readonly ConcurrentQueue<(string Reason, string Name)> _redone = [];

    private FinishedWork(string directory) => _directory = directory;

    /// <summary>Nothing was done before.</summary>
    public static FinishedWork None => new("");

    /// <summary>The images that need not be done again.</summary>
    public int Count => _kept.Count;

    /// <summary>Opens the journals of a directory, which may have none.</summary>
    public static FinishedWork In(string directory)
    {
        var work = new FinishedWork(directory);
        foreach (string path in Journal.AllIn(directory)) work._journals.Add(JournalFile.Open(path));
        return work;
    }

    /// <summary>The images that are still to do, in their order.</summary>
    public IReadOnlyList<Input> Rest(IReadOnlyList<Input> inputs, RunSettings settings, Func<Input, IReadOnlyList<string>> outputs) =>
        [.. inputs.AsParallel().AsOrdered().Where(input => !IsFinished(input, settings, outputs(input)))];

    /// <summary>What is done again and why, a line for each reason.</summary>
    public IEnumerable<string> Redone() => _redone
        .GroupBy(redone => redone.Reason, redone => redone.Name)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"done again: {group.Count()}, {group.Key} ({string.Join(", ", group.Order(StringComparer.Ordinal).Take(MostExamples))}"
            + $"{(group.Count() > MostExamples ? ", …" : "")})");

    /// <summary>The lines of the finished images, and of the sessions that had a part in them, for the journal that goes on.</summary>
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

    public void Dispose()
    {
        foreach (JournalFile journal in _journals) journal.Dispose();
    }

    private bool IsFinished(Input input, RunSettings settings, IReadOnlyList<string> outputs)
    {
        string? why = null;
        foreach (JournalFile journal in _journals)
        {
            if (journal.Find(input.Name) is not { } entry) continue;
            (string? reason, DateTime modified) = Check(journal, entry, input, settings, outputs);
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
            entry.Record.Failed ? "which failed before"
            : entry.Settings != settings.Fingerprint ? $"as the settings changed: {Difference(journal, entry, settings)}"
            : !IsSameInput(entry, input.Path, modified) ? "as the image changed"
            : !entry.Record.Outputs.Select(output => output.Name).SequenceEqual(outputs) ? "as the outputs are named otherwise now"
            : !entry.Record.Outputs.All(output => output.IsIn(_directory)) ? "as an output is missing or not as it was written"
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
        return session is null ? "the old ones are not known" : RunSettings.Difference(session.Settings, settings.Values, "before", "now");
    }
}
