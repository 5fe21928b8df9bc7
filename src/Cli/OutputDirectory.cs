namespace LungSeg.Cli;

/// <summary>Checks and makes the directory that a command writes into.</summary>
internal static class OutputDirectory
{
    /// <summary>Refuses a path that cannot become a directory, before any work is done.</summary>
    public static void Check(string path)
    {
        if (path.Length == 0) throw new UsageException("the name of the output directory is empty");
        for (string? part = Path.GetFullPath(path); part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part)) throw new UsageException($"the output directory '{path}' cannot be created: '{part}' is a file");
            if (Directory.Exists(part)) return;
        }
    }

    /// <summary>
    /// Refuses a link below an output directory that leads out of it: outputs with these names would be written elsewhere.
    /// </summary>
    public static void CheckLinks(string directory, IEnumerable<string> names)
    {
        foreach (string folder in names.Select(name => Path.GetDirectoryName(Path.Join(directory, name))!).Distinct())
        {
            if (!Directory.Exists(folder) || Path.GetFullPath(folder) == Path.GetFullPath(directory)) continue;
            if (RealPath.IsBelow(folder, directory)) continue;
            throw new UsageException($"'{folder}' is a link that leads out of the output directory '{directory}': "
                + "replace the link by a folder, or choose another -o");
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
            throw new UsageException($"the output directory '{path}' cannot be created: no permission", e);
        }
        catch (IOException e)
        {
            throw new UsageException($"the output directory '{path}' cannot be created: {e.Message}", e);
        }
    }

    /// <summary>Creates the directory and checks that files can be written there, before any work is done.</summary>
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

    /// <summary>Creates a file in a directory and deletes it; throws the exception of the file system.</summary>
    public static void Probe(string directory)
    {
        string file = Path.Combine(directory, $".lungseg-{Path.GetRandomFileName()}");
        new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
    }
}
