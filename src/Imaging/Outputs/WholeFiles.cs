namespace LungSeg.Imaging.Outputs;

/// <summary>Files that appear whole or not at all: they are written beside their names, and renamed when all are complete.</summary>
public static class WholeFiles
{
    /// <summary>Calls each <c>Write</c> with a new file in the directory of its path, and gives the files their names at the end.</summary>
    /// <exception cref="ImageException">A path cannot be written; no file was made or changed, unless the renaming itself failed half-way.</exception>
    public static void Write(params IReadOnlyList<(string Path, Action<Stream> Write)> files)
    {
        List<(string Temporary, string Path)> complete = [];
        string path = "";
        try
        {
            foreach ((string name, Action<Stream> write) in files)
            {
                path = name;
                if (Directory.Exists(path))
                    throw new ImageException($"{path}: is a directory, the name of a file was expected");
                string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
                using FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write);
                complete.Add((temporary, path));
                write(stream);
            }
            foreach ((string temporary, string name) in complete)
            {
                path = name;
                File.Move(temporary, path, overwrite: true);
            }
        }
        catch (Exception e)
        {
            foreach ((string temporary, _) in complete)
                Discard(temporary);
            if (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
                throw new ImageException($"{path}: cannot be written: {Reason(path, e)}", e);
            throw;
        }
    }

    private static string Reason(string path, Exception e) => e switch
    {
        DirectoryNotFoundException => $"the directory {Path.GetDirectoryName(Path.GetFullPath(path))} does not exist",
        UnauthorizedAccessException => $"no permission to write in {Path.GetDirectoryName(Path.GetFullPath(path))}",
        _ when DiskFull.Is(e) => "no space is left on the disk",
        _ => e.Message.ReplaceLineEndings(" "),
    };

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one worth telling.
        }
    }
}
