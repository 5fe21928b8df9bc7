namespace LungSeg.Cli;

/// <summary>Where a command's files go.</summary>
internal static class OutputDirectory
{
    /// <summary>Refuses what cannot become a directory, before any work is done.</summary>
    public static void Check(string path)
    {
        if (path.Length == 0) throw new UsageException("the output directory has no name");
        for (string? part = Path.GetFullPath(path); part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part)) throw new UsageException($"the output directory '{path}' cannot be made: '{part}' is a file");
            if (Directory.Exists(part)) return;
        }
    }

    public static void Create(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the output directory '{path}' cannot be made: {e.Message}", e);
        }
    }
}
