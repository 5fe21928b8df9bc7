using System.Text.Json;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>
/// The file in which a run notes each image as soon as its outputs are there: what a resumed run, the reports and the merging of shards
/// go by. One process writes it at a time.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly DirectoryLock _directory;
    private readonly FileStream? _lock;
    private readonly string _path;
    private FileStream? _file;
    private long _length;

    private Journal(string path, DirectoryLock directory, FileStream? held) => (_path, _directory, _lock) = (path, directory, held);

    /// <summary>The journal of a whole run, or of a part of it.</summary>
    public static string NameOf(Shard shard) => shard.IsWhole ? "journal.jsonl" : $"journal.{shard.Index}-of-{shard.Count}.jsonl";

    /// <summary>Whether a file is the journal of a whole run, which may have been merged of parts.</summary>
    public static bool IsWhole(string path) => Path.GetFileName(path) == NameOf(Shard.Whole);

    /// <summary>All journals in a directory, in the order of their names.</summary>
    public static IReadOnlyList<string> AllIn(string directory) => !Directory.Exists(directory) ? [] :
        [.. Directory.EnumerateFiles(directory, "journal*.jsonl").Order(StringComparer.Ordinal)];

    /// <summary>
    /// Takes the directory and the journal for this process; throws <see cref="UsageException"/> where another process has it or it cannot be
    /// written. A run in one piece has the directory alone; shards share it.
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
                throw new UsageException($"'{path}' cannot be taken for this run: {e.Message} (is the same shard at work twice?)", e);
            throw;
        }
    }

    /// <summary>Begins the file anew with some lines; it replaces the old file when they are all there.</summary>
    public void Begin(IEnumerable<JournalLine> lines) => Written(() => AtomicFile.Begin(_path, file =>
    {
        _file = file;
        foreach (JournalLine line in lines) Write(line);
    }));

    /// <summary>Adds a line; a process that is killed, or a disk that is full, loses no line that was added before.</summary>
    public void Add(JournalLine line) => Written(() => Write(line));

    public void Dispose()
    {
        _file?.Dispose();
        _lock?.Dispose();
        _directory.Dispose();
    }

    private static FileStream TakeShard(string path) => new FileInfo(path).LinkTarget is null
        ? new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose)
        : throw new UsageException($"'{path}' is a link: delete it");

    // At a place of its own: a line of which a full disk took a part is written over by the next, or cut off.
    private void Write(JournalLine line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, RunJson.Lines.JournalLine), (byte)'\n'];
        try
        {
            RandomAccess.Write(_file!.SafeFileHandle, bytes, _length);
            _length += bytes.Length;
        }
        catch (IOException)
        {
            RandomAccess.SetLength(_file!.SafeFileHandle, _length);
            throw;
        }
    }

    private void Written(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the run's journal '{_path}' cannot be written: {(DiskFull.Is(e) ? "no space is left on the disk" : e.Message)}", e);
        }
    }
}
