using System.CommandLine;

namespace LungSeg.Cli;

/// <summary>A command line that a user might type, and what it does.</summary>
internal sealed record Example(string Line, string Meaning);

/// <summary>A command with what <c>--help</c> shows beside its options.</summary>
/// <param name="name">The word that calls it.</param>
/// <param name="description">What it does, in a sentence.</param>
/// <param name="examples">At least one.</param>
/// <param name="notes">Paragraphs about what the options do not say.</param>
internal sealed class CliCommand(string name, string description, IReadOnlyList<Example> examples, params IReadOnlyList<string> notes)
    : Command(name, description)
{
    /// <summary>Command lines that show how it is used.</summary>
    public IReadOnlyList<Example> Examples => examples;

    /// <summary>What a user should know and no option says.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>The words that call a command, without the program's own name.</summary>
    public static string PathOf(Command command) => string.Join(' ', Up(command).Reverse());

    private static IEnumerable<string> Up(Command command)
    {
        for (Command? c = command; c is not (null or RootCommand); c = c.Parents.OfType<Command>().FirstOrDefault()) yield return c.Name;
    }
}
