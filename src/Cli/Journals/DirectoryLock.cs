namespace LungSeg.Cli.Journals;

/// <summary>
/// Locks an output directory for one whole run (or a merge), or for any number of shards of a run. The operating system holds the lock, on
/// an empty hidden file that stays, and releases it when the process ends, however it ends.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    /// <summary>
    /// The file's name. It is never deleted: a process that has just opened it and one that creates it again would both hold a lock.
    /// </summary>
    public const string Name = ".lungseg.lock";

    /// <summary>How long to wait: a merge and a report hold the lock only briefly.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1), Pause = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>
    /// Locks a directory for one run alone, or as one of several shards. Throws <see cref="UsageException"/> where another run excludes
    /// that, or the directory cannot be written.
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
            (string what, string other) = alone ? ("run", "another run") : ("shard", "a run without --shard");
            throw new UsageException($"'{directory}' cannot be locked for this {what}: {e.Message} (is {other} active there?)", e);
        }
    }

    /// <summary>
    /// Keeps whole runs away for a short time, for a report; null where one is active, or the file does not exist.
    /// </summary>
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

    // Processes that share the directory open the file for reading; a process that has it alone opens it for writing.
    private static FileStream Open(string path, FileMode mode, bool alone)
    {
        if (new FileInfo(path).LinkTarget is not null) throw new UsageException($"'{path}' is a link: delete it");
        return new FileStream(path, mode, alone ? FileAccess.ReadWrite : FileAccess.Read, alone ? FileShare.None : FileShare.Read, 1);
    }
}
