using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli;

/// <summary>The command line asks for something that cannot be done; the message says what to do instead.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : LungSegException(message, inner);

/// <summary>The options and commands that apply the remedy of a library's error.</summary>
internal static class Advice
{
    /// <summary>What to add to an error's message, in parentheses; empty where there is nothing to add.</summary>
    public static string For(Exception e) => e is LungSegException { Remedy: var remedy } && For(remedy) is { } words ? $" ({words})" : "";

    /// <summary>The words for a remedy; null for none.</summary>
    public static string? For(Remedy remedy) => remedy switch
    {
        Remedy.None => null,
        Remedy.ChooseFrame => "--frame",
        Remedy.NativeMode => "--mode native",
        Remedy.NameOutput => "-o",
        Remedy.Overwrite => "--force",
        Remedy.NameOutputOrOverwrite => "-o or --force",
        Remedy.ProvideWeights => "lungseg convert weights.pth, lungseg weights add FILE; or --weights FILE",
        Remedy.WiderType => "--dtype",
        Remedy.CpuDevice => "--device cpu",
        _ => throw new ArgumentOutOfRangeException(nameof(remedy), remedy, null),
    };
}

/// <summary>Makes text from files safe to show: file names and file contents may hold line breaks and terminal commands.</summary>
internal static class Printable
{
    /// <summary>The text as one line, with '?' for each control character.</summary>
    public static string Of(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? '?' : c)) : text;
}

/// <summary>What a user who mistyped a word probably meant.</summary>
internal static class Suggestion
{
    private const int MaxFiles = 10_000;

    /// <summary>"; did you mean 'x'?" with the most similar of the words; empty where none is similar.</summary>
    public static string For(string word, IEnumerable<string> words) =>
        EditDistance.Nearest(word, words) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>The most similar name in the directory of a file that does not exist.</summary>
    public static string ForFile(string path)
    {
        try
        {
            string directory = Path.GetDirectoryName(path) is { Length: > 0 } named ? named : ".", name = Path.GetFileName(path);
            if (name.Length == 0 || !Directory.Exists(directory)) return "";
            IEnumerable<string> entries = Directory.EnumerateFileSystemEntries(directory).Take(MaxFiles);
            string? nearest = EditDistance.Nearest(name, entries.Select(entry => Path.GetFileName(entry)));
            return nearest is null ? "" : $"; did you mean '{path[..^name.Length]}{nearest}'?";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return "";
        }
    }
}
