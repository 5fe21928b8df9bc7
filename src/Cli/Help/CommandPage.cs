using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text;

namespace LungSeg.Cli.Help;

/// <summary><c>lungseg [document]</c>: the page docs/commands.md, with the same content as <c>--help</c>.</summary>
internal sealed class CommandPage : SynchronousCommandLineAction
{
    private const string Name = "document";

    private readonly RootCommand _root;

    private CommandPage(RootCommand root) => _root = root;

    public override bool ClearsParseErrors => true;

    public static Directive For(RootCommand root) => new(Name) { Action = new CommandPage(root) };

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.Write(Render());
        return ExitCode.Done;
    }

    private string Render()
    {
        var page = new StringBuilder();
        page.Append(
            $"# Commands\n\nThe text of `lungseg COMMAND --help` on one page, made by `lungseg '[{Name}]' > docs/commands.md`.\n\n");
        CliCommand[] commands = [.. Below(_root)];
        foreach (CliCommand command in commands)
            page.Append($"- [`{CliCommand.PathOf(command)}`](#{CliCommand.PathOf(command).Replace(' ', '-')}): {command.Description}\n");
        page.Append("\n## Environment variables\n\nOptions take precedence. There are no other settings.\n\n");
        foreach ((string name, string meaning) in Settings.All) page.Append($"- `{name}`: {meaning}\n");
        page.Append("\n## Exit codes\n\n");
        foreach ((int code, string meaning) in ExitCode.Meanings) page.Append($"- {code}: {meaning}\n");
        foreach (CliCommand command in commands) Append(page, command);
        return page.ToString();
    }

    private static void Append(StringBuilder page, CliCommand command)
    {
        page.Append($"\n## {CliCommand.PathOf(command)}\n\n{command.Description}\n\n```\n");
        foreach (Example example in command.Examples) page.Append($"{example.Line}\n");
        page.Append("```\n");
        Option[] options = [.. command.Options.Where(option => option is not HelpOption && !option.Hidden)];
        if (command.Arguments.Count + options.Length > 0) page.Append('\n');
        foreach (Argument argument in command.Arguments)
        {
            string several = argument.Arity.MaximumNumberOfValues > 1 ? "…" : "";
            page.Append($"- `{argument.HelpName ?? argument.Name}{several}`: {argument.Description}\n");
        }
        foreach (Option option in options)
        {
            string names = string.Join(", ", option.Aliases.Append(option.Name).Select(name => $"`{name}`"));
            string value = option.HelpName is { } help ? $" `{help}`" : "";
            string defaultValue = option.HasDefaultValue && option.GetDefaultValue() is { } given and not (bool or "")
                ? $" (default: {given})"
                : "";
            page.Append($"- {names}{value}: {option.Description}{defaultValue}\n");
        }
        foreach (string note in command.Notes) page.Append($"\n{note}\n");
    }

    private static IEnumerable<CliCommand> Below(Command command) => command.Subcommands.OfType<CliCommand>()
        .Where(below => !below.Hidden)
        .SelectMany(below => (IEnumerable<CliCommand>)[below, .. Below(below)]);
}
