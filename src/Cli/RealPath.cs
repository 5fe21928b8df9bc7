namespace LungSeg.Cli;

/// <summary>Resolves the links in a path, so that two paths to the same file can be recognised.</summary>
internal static class RealPath
{
    private const int MaxLinks = 64;

    /// <summary>Follows every link on the way; throws <see cref="IOException"/> where links lead in a circle.</summary>
    public static string Of(string path)
    {
        string full = Path.GetFullPath(path);
        for (int links = 0; links < MaxLinks; links++)
        {
            if (FirstLink(full) is not var (link, below)) return full;
            string target = new FileInfo(link).LinkTarget!;
            full = Path.GetFullPath(Path.Join(target, below), Path.GetDirectoryName(link)!);
        }
        throw new IOException($"more than {MaxLinks} links follow from '{path}', perhaps in a circle");
    }

    /// <summary>Whether a path is below a directory after every link is followed.</summary>
    public static bool IsBelow(string path, string directory)
    {
        string root = Path.TrimEndingDirectorySeparator(Of(directory));
        return Of(path).StartsWith(
            Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    private static (string Link, string Below)? FirstLink(string full)
    {
        for (int end = Path.GetPathRoot(full)!.Length; end < full.Length; end++)
        {
            int next = full.IndexOf(Path.DirectorySeparatorChar, end);
            end = next < 0 ? full.Length : next;
            string part = full[..end];
            if (new FileInfo(part).LinkTarget is not null) return (part, full[end..].TrimStart(Path.DirectorySeparatorChar));
        }
        return null;
    }
}
