using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>What somebody who mistyped a word may have meant.</summary>
internal static class Suggestion
{
    private const int MostFiles = 10_000;

    /// <summary>"; did you mean 'x'?" with the nearest of the words; empty where none is near.</summary>
    public static string For(string word, IEnumerable<string> words) =>
        EditDistance.Nearest(word, words) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>The nearest name in the directory of a file that is not there.</summary>
    public static string ForFile(string path)
    {
        try
        {
            string directory = Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".", name = Path.GetFileName(path);
            if (name.Length == 0 || !Directory.Exists(directory)) return "";
            string? nearest = EditDistance.Nearest(name, Directory.EnumerateFileSystemEntries(directory).Take(MostFiles).Select(entry => Path.GetFileName(entry)));
            return nearest is null ? "" : $"; did you mean '{path[..^name.Length]}{nearest}'?";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "";
        }
    }
}
