using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace LungSeg.Cli.Help;

/// <summary>
/// <c>--help</c>: arguments and options, then examples and notes; for the program as a whole also variables and exit codes.
/// </summary>
/// <param name="standardHelp">Writes arguments and options.</param>
/// <param name="examples">The examples of the program as a whole.</param>
internal sealed class HelpText(HelpAction standardHelp, IReadOnlyList<Example> examples) : SynchronousCommandLineAction
{
    private const int WidestNote = 120;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        standardHelp.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        var documented = command as CliCommand;
        Write(output, "Examples", (documented?.Examples ?? examples).Select(example => (example.Line, example.Meaning)));
        foreach (string note in documented?.Notes ?? [])
        {
            foreach (string line in note.Split('\n').SelectMany(line => Wrapped(line, Math.Min(standardHelp.MaxWidth, WidestNote))))
                output.WriteLine(line);
            output.WriteLine();
        }
        if (command is RootCommand)
        {
            Write(output, "Environment variables (options take precedence)", Settings.All.Select(s => (s.Name, s.Meaning)));
            Write(output, "Exit codes", ExitCode.Meanings.Select(c => ($"{c.Code}", c.Meaning)));
        }
        return ExitCode.Done;
    }

    private static IEnumerable<string> Wrapped(string line, int width)
    {
        while (line.Length > width && line.LastIndexOf(' ', width) is > 0 and int space)
        {
            yield return line[..space];
            line = line[(space + 1)..];
        }
        yield return line;
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
