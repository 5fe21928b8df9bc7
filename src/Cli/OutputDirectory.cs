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
        catch (UnauthorizedAccessException e)
        {
            throw new UsageException($"the output directory '{path}' cannot be made: no permission", e);
        }
        catch (IOException e)
        {
            throw new UsageException($"the output directory '{path}' cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Makes the directory and sees that files can be written there, before work whose result they are to hold.</summary>
    public static void Prepare(string path)
    {
        Create(path);
        try
        {
            Probe(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UsageException($"no permission to write in the output directory '{path}'", e);
        }
        catch (IOException e)
        {
            throw new UsageException($"the output directory '{path}' cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Makes a file in a directory and takes it away again; throws what the system answers.</summary>
    public static void Probe(string directory)
    {
        string file = Path.Combine(directory, $".lungseg-{Path.GetRandomFileName()}");
        new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
    }
}
