using System.Text;

namespace LungSeg.Cli.Inputs;

/// <summary>
/// A list of images, <c>@FILE</c> or <c>@-</c> for the standard input: one path a line, relative to the working directory;
/// empty lines and lines that begin with '#' are skipped.
/// </summary>
internal static class ListFile
{
    private const string StandardInput = "-";

    public static IEnumerable<Input> Read(string path)
    {
        string[] lines;
        try
        {
            // Names that are no UTF-8 would become other names.
            using TextReader text = path == StandardInput
                ? Console.In
                : new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            lines = text.ReadToEnd().Split('\n');
        }
        catch (DecoderFallbackException e)
        {
            throw new UsageException($"the list '{path}' is no UTF-8 text; a list holds one path a line", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"the list '{path}' cannot be read: {e.Message}", e);
        }
        int nul = Array.FindIndex(lines, line => line.Contains('\0'));
        if (nul >= 0)
            throw new UsageException($"line {nul + 1} of the list '{path}' holds a null character; a list holds one path a line, as 'find' without -print0 writes it");
        return lines.Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0 && line[0] != '#').Select(line => new Input(line, NameOf(line)));
    }

    /// <summary>
    /// A listed image's name: its relative path as it is written. Of an absolute path, or one that leaves the working directory,
    /// it is the whole path without its root, as tar names its members, so that no name depends on the rest of the list.
    /// </summary>
    private static string NameOf(string path)
    {
        string full = Path.GetFullPath(path), relative = Path.GetRelativePath(Environment.CurrentDirectory, full);
        bool leaves = Path.IsPathRooted(path) || relative.Split(Path.DirectorySeparatorChar)[0] == "..";
        string name = leaves ? full[Path.GetPathRoot(full)!.Length..] : relative;
        return name.Replace(Path.DirectorySeparatorChar, '/');
    }
}
