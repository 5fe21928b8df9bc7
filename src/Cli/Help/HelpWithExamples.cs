using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace LungSeg.Cli.Help;

/// <summary><c>--help</c>: arguments and options, then examples, and for the program as a whole environment and exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        standard.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        IReadOnlyList<Example> examples = Examples.Of(CommandPath.Of(command));
        if (examples.Count > 0) Write(output, "Examples", examples.Select(e => (e.Line, e.Meaning)));
        if (command is RootCommand)
        {
            Write(output, "Environment (an option goes before it)", Settings.All.Select(s => (s.Name, s.Meaning)));
            Write(output, "Exit codes", ExitCode.Meanings.Select(c => ($"{c.Code}", c.Meaning)));
        }
        return ExitCode.Done;
    }

    private static void Write(TextWriter output, string title, IEnumerable<(string Left, string Right)> rows)
    {
        output.WriteLine($"{title}:");
        (string Left, string Right)[] all = [.. rows];
        int width = all.Max(row => row.Left.Length);
        foreach ((string left, string right) in all) output.WriteLine($"  {left.PadRight(width)}  {right}");
        output.WriteLine();
    }
}
