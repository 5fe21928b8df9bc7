namespace LungSeg.Cli;

/// <summary>Names of files and what files hold may have line breaks and commands to a terminal in them; people are shown neither.</summary>
internal static class Printable
{
    /// <summary>The text as one line, with '?' for each control character.</summary>
    public static string Of(string text) => text.Any(char.IsControl) ? string.Concat(text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? '?' : c)) : text;
}
