namespace LungSeg.Cli.Runs;

/// <summary>
/// Who works in an output directory: one run in one piece (or a merge), or any number of shards of a run. The system keeps the lock, on an
/// empty hidden file that stays, and ends it with the process, however that ends.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    /// <summary>The file's name. Deleting it would let a process that has just opened it, and one that makes it anew, both hold a lock.</summary>
    public const string Name = ".lungseg.lock";

    /// <summary>A merge and a report hold the directory for a moment only: who comes then waits for them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1), Pause = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>
    /// Takes a directory for one run alone, or as one of several shards; throws <see cref="UsageException"/> where others are at work there that
    /// do not go together with that, or the directory cannot be written.
    /// </summary>
    public static DirectoryLock Take(string directory, bool alone)
    {
        string path = Path.Combine(directory, Name);
        try
        {
            for (DateTime end = DateTime.UtcNow + Patience; ;)
            {
                try
                {
                    return new DirectoryLock(Open(path, FileMode.OpenOrCreate, alone));
                }
                catch (IOException) when (DateTime.UtcNow < end)
                {
                    Thread.Sleep(Pause);
                }
            }
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UsageException($"no permission to write in the output directory '{directory}'", e);
        }
        catch (IOException e)
        {
            throw new UsageException(
                $"'{directory}' cannot be taken for {(alone ? "this run" : "this shard")}: {e.Message} ({(alone ? "does another run write there?" : "does a run in one piece write there?")})", e);
        }
    }

    /// <summary>Keeps runs in one piece away for a while, as a report needs it; null where one is at work already, or the file is not there.</summary>
    public static DirectoryLock? TryShare(string directory)
    {
        try
        {
            return new DirectoryLock(Open(Path.Combine(directory, Name), FileMode.Open, alone: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose() => _file.Dispose();

    // A file that is read by all who share it, and written by who has it alone.
    private static FileStream Open(string path, FileMode mode, bool alone)
    {
        if (new FileInfo(path).LinkTarget is not null) throw new UsageException($"'{path}' is a link: delete it");
        return new FileStream(path, mode, alone ? FileAccess.ReadWrite : FileAccess.Read, alone ? FileShare.None : FileShare.Read, 1);
    }
}
