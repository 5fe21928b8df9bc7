using System.Text.Json;

namespace LungSeg.Cli.Journals;

/// <summary>
/// The file in which a run records each image as soon as its outputs are complete. Resuming, reports and merging are based on it. One
/// process at a time writes it.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly DirectoryLock _directory;
    private readonly FileStream? _lock;
    private readonly string _path;
    private LineFile? _lines;

    private Journal(string path, DirectoryLock directory, FileStream? held) => (_path, _directory, _lock) = (path, directory, held);

    /// <summary>The file name of the journal of a whole run, or of a shard.</summary>
    public static string NameOf(Shard shard) => shard.IsWhole ? "journal.jsonl" : $"journal.{shard.Index}-of-{shard.Count}.jsonl";

    /// <summary>Whether a file is the journal of a whole run, which may be merged from shards.</summary>
    public static bool IsWhole(string path) => Path.GetFileName(path) == NameOf(Shard.Whole);

    /// <summary>All journals in a directory, in the order of their names.</summary>
    public static IReadOnlyList<string> AllIn(string directory) => !Directory.Exists(directory) ? [] :
        [.. Directory.EnumerateFiles(directory, "journal*.jsonl").Order(StringComparer.Ordinal)];

    /// <summary>
    /// Locks the directory and the journal for this process; throws <see cref="UsageException"/> where another process has the lock, or the
    /// directory cannot be written. A whole run has the directory alone; shards share it.
    /// </summary>
    public static Journal Take(string directory, Shard shard)
    {
        string path = Path.Combine(directory, NameOf(shard));
        OutputDirectory.Create(directory);
        DirectoryLock held = DirectoryLock.Take(directory, alone: shard.IsWhole);
        try
        {
            return new Journal(path, held, shard.IsWhole ? null : TakeShard($"{path}.lock"));
        }
        catch (Exception e)
        {
            held.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw new UsageException($"'{path}' cannot be locked for this run: {e.Message} (is the same shard running twice?)", e);
            throw;
        }
    }

    /// <summary>Starts a new journal with some lines; it replaces the old one when all of them are written.</summary>
    public void Begin(IEnumerable<JournalLine> lines) => _lines = LineFile.Begin(_path, lines.Select(Bytes));

    /// <summary>Adds a line. If the process is killed or the disk is full, earlier lines are not lost.</summary>
    public void Add(JournalLine line) => _lines!.Add(Bytes(line));

    public void Dispose()
    {
        _lines?.Dispose();
        _lock?.Dispose();
        _directory.Dispose();
    }

    private static FileStream TakeShard(string path) => new FileInfo(path).LinkTarget is null
        ? new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose)
        : throw new UsageException($"'{path}' is a link: delete it");

    private static byte[] Bytes(JournalLine line) => JsonSerializer.SerializeToUtf8Bytes(line, RunJson.Lines.JournalLine);
}
