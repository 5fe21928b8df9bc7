using System.CommandLine;
using LungSeg.Cli.Completion;

namespace LungSeg.Cli.Commands;

/// <summary><c>completion SHELL</c>: the script that makes a shell's Tab key know the program.</summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        string[] shells = [.. CompletionScripts.All.Keys];
        var shell = new Argument<string>("SHELL") { HelpName = "SHELL", Description = $"One of {string.Join(", ", shells)}", CompletionSources = { shells } };
        var command = new Command("completion", "Print a script for your shell that completes commands, options and networks.") { shell };
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(shell);
            if (!CompletionScripts.All.TryGetValue(name, out string? script))
                throw new UsageException($"unknown shell '{name}', expected one of {string.Join(", ", shells)}{Suggestion.For(name, shells)}");
            parsed.InvocationConfiguration.Output.Write(script);
            return ExitCode.Done;
        });
        return command;
    }
}
