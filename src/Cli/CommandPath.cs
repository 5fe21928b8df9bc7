using System.CommandLine;

namespace LungSeg.Cli;

/// <summary>A command by the words that call it, without the program's own name.</summary>
internal static class CommandPath
{
    public static string Of(Command command) => string.Join(' ', Up(command).Reverse());

    private static IEnumerable<string> Up(Command command)
    {
        for (Command? c = command; c is not (null or RootCommand); c = c.Parents.OfType<Command>().FirstOrDefault()) yield return c.Name;
    }
}
