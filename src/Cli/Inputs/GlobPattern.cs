using System.IO.Enumeration;

namespace LungSeg.Cli.Inputs;

/// <summary>
/// A pattern of paths: <c>*</c> and <c>?</c> within a name, <c>**</c> for any number of folders. Names that begin with a dot
/// match only a pattern that does, as in shells.
/// </summary>
internal sealed class GlobPattern
{
    private const string AnyFolders = "**";
    private readonly string[] _segments;

    private GlobPattern(string root, string[] segments) => (Root, _segments) = (root, segments);

    /// <summary>The folder before the first wildcard: matches are named relative to it.</summary>
    public string Root { get; }

    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?');

    public static GlobPattern Parse(string pattern)
    {
        string[] parts = pattern.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
        int wild = Array.FindIndex(parts, IsPattern);
        string root = string.Join(Path.DirectorySeparatorChar, parts[..wild]);
        // "/*.png" is split into an empty part and a name: its root is the file system's.
        if (root.Length == 0) root = wild == 0 ? "." : $"{Path.DirectorySeparatorChar}";
        return new GlobPattern(root, [.. parts[wild..].Where(part => part.Length > 0)]);
    }

    /// <summary>Whether a file matches, given its path below the root.</summary>
    public bool Matches(string name) => Matches(_segments, name.Split('/'));

    /// <summary>Whether a folder, given by its path below the root, may hold a match.</summary>
    public bool MayContain(string name) => MayContain(_segments, name.Split('/'));

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty) return path.IsEmpty;
        if (pattern[0] == AnyFolders)
            return Matches(pattern[1..], path) || (!path.IsEmpty && !Hidden(path[0]) && Matches(pattern, path[1..]));
        return !path.IsEmpty && Matches(pattern[0], path[0]) && Matches(pattern[1..], path[1..]);
    }

    private static bool MayContain(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path)
    {
        if (pattern.IsEmpty) return false;
        if (path.IsEmpty) return true;
        if (pattern[0] == AnyFolders)
            return MayContain(pattern[1..], path) || (!Hidden(path[0]) && MayContain(pattern, path[1..]));
        return Matches(pattern[0], path[0]) && MayContain(pattern[1..], path[1..]);
    }

    private static bool Matches(string pattern, string name) =>
        (!Hidden(name) || Hidden(pattern)) && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private static bool Hidden(string name) => name.StartsWith('.');
}
