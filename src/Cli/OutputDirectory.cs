using LungSeg.Cli.Inputs;

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

    /// <summary>
    /// Refuses a link below an output directory that leads out of it: what is written at these names, or is taken for written before, would lie
    /// elsewhere.
    /// </summary>
    public static void CheckLinks(string directory, IEnumerable<string> names)
    {
        foreach (string folder in names.Select(name => Path.GetDirectoryName(Path.Join(directory, name))!).Distinct())
        {
            if (!Directory.Exists(folder) || Path.GetFullPath(folder) == Path.GetFullPath(directory) || RealPath.IsBelow(folder, directory)) continue;
            throw new UsageException($"'{folder}' leads out of the output directory '{directory}' by a link: put a folder in its place, or choose another -o");
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
