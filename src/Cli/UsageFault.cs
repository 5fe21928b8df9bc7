using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace LungSeg.Cli;

/// <summary>What is wrong with a command line, with what was probably meant and where to read on.</summary>
internal static class UsageFault
{
    /// <summary>The fault in a sentence; null where there is none.</summary>
    public static string? Of(ParseResult parsed)
    {
        // What follows the directive of the completion scripts is only text.
        if (parsed.Tokens.Any(token => token.Type == TokenType.Directive)) return null;
        Command command = parsed.CommandResult.Command;
        bool failed = parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction;
        // The parser takes an unknown option for one more file.
        Token? option = parsed.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .FirstOrDefault(token => token.Type == TokenType.Argument && token.Value is ['-', not (>= '0' and <= '9' or '.'), ..]);
        bool empty = parsed.Tokens.Any(token => token.Type == TokenType.Argument && token.Value.Length == 0);
        string? fault = (failed, option, parsed.UnmatchedTokens) switch
        {
            _ when empty => "an argument is empty where a name was expected: is a variable in the command not set?",
            (_, { } unknown, _) => Option(command, unknown.Value),
            (false, _, _) => null,
            (_, _, [var word, ..]) when command.Subcommands.Count > 0 => Subcommand(command, word),
            _ when command.Subcommands.Count > 0 => $"expected one of {string.Join(", ", Names(command))}",
            _ => parsed.Errors[0].Message.TrimEnd('.'),
        };
        return fault is null ? null : $"{fault} ({ReadOn(command)})";
    }

    private static string Option(Command command, string word) =>
        $"unknown option '{word}'{Suggestion.For(word.Split('=')[0], Lineage(command).SelectMany(OptionNames))}";

    private static string Subcommand(Command command, string word)
    {
        string suggestion = Suggestion.For(word, Names(command));
        if (suggestion.Length == 0 && command is RootCommand && (File.Exists(word) || Directory.Exists(word)))
            return $"expected a command before '{word}', for example 'lungseg segment {word}'";
        return $"unknown {(command is RootCommand ? "command" : $"{command.Name} command")} '{word}'{suggestion}";
    }

    private static string ReadOn(Command command) => command is RootCommand
        ? "lungseg --help lists the commands, lungseg COMMAND --help their options"
        : $"lungseg {CliCommand.PathOf(command)} --help says more";

    private static IEnumerable<string> Names(Command command) => command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name);

    private static IEnumerable<string> OptionNames(Command command) =>
        command.Options.Where(option => !option.Hidden).SelectMany(option => (string[])[option.Name, .. option.Aliases]);

    private static IEnumerable<Command> Lineage(Command command) => [command, .. command.Parents.OfType<Command>().SelectMany(Lineage)];
}
