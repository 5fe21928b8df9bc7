using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text;

namespace LungSeg.Cli.Help;

/// <summary><c>lungseg [document]</c>: the page docs/commands.md, made of what <c>--help</c> shows.</summary>
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
        var page = new StringBuilder($"# Commands\n\nWhat `lungseg COMMAND --help` shows, on one page, made by `lungseg '[{Name}]' > docs/commands.md`.\n\n");
        foreach (Command command in _root.Subcommands.SelectMany(WithSubcommands))
            page.Append($"- [`{CommandPath.Of(command)}`](#{CommandPath.Of(command).Replace(' ', '-')}): {command.Description}\n");
        page.Append("\n## Environment\n\nAn option goes before the environment. There are no other settings.\n\n");
        foreach ((string name, string meaning) in Settings.All) page.Append($"- `{name}`: {meaning}\n");
        page.Append("\n## Exit codes\n\n");
        foreach ((int code, string meaning) in ExitCode.Meanings) page.Append($"- {code}: {meaning}\n");
        foreach (Command command in _root.Subcommands.SelectMany(WithSubcommands)) Append(page, command);
        return page.ToString();
    }

    private static void Append(StringBuilder page, Command command)
    {
        string path = CommandPath.Of(command);
        page.Append($"\n## {path}\n\n{command.Description}\n\n```\n");
        foreach (Example example in Examples.Of(path)) page.Append($"{example.Line}\n");
        page.Append("```\n");
        if (command.Arguments.Count + Options(command).Count() > 0) page.Append('\n');
        foreach (Argument argument in command.Arguments)
            page.Append($"- `{argument.HelpName ?? argument.Name}{(argument.Arity.MaximumNumberOfValues > 1 ? "…" : "")}`: {argument.Description}\n");
        foreach (Option option in Options(command))
        {
            string names = string.Join(", ", option.Aliases.Append(option.Name).Select(name => $"`{name}`"));
            string value = option.HelpName is { } help ? $" `{help}`" : "";
            string standard = option.HasDefaultValue && option.GetDefaultValue() is { } given and not (bool or "") ? $" (default: {given})" : "";
            page.Append($"- {names}{value}: {option.Description}{standard}\n");
        }
        foreach (string note in Notes.Of(path)) page.Append($"\n{note}\n");
    }

    private static IEnumerable<Option> Options(Command command) => command.Options.Where(option => option is not HelpOption && !option.Hidden);

    private static IEnumerable<Command> WithSubcommands(Command command) => command.Hidden ? [] : [command, .. command.Subcommands.SelectMany(WithSubcommands)];
}
