using System.CommandLine;
using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Commands;

/// <summary><c>replay REPORT</c>: runs a recorded run again and compares every byte of its results.</summary>
internal static class ReplayCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg replay out/report.jsonl", "run again what wrote out, from the folder in which it ran, and compare"),
        new("lungseg replay out/report.jsonl study", "the same with images that are elsewhere now"),
    ];

    /// <param name="segment">Makes the command that is run again, given the time that an image's results state.</param>
    public static Command Create(Func<Func<string, DateTime?>, Command> segment)
    {
        var report = new Argument<string>("REPORT")
        {
            Description = "report.jsonl of 'lungseg segment' or 'lungseg merge', with its journal.jsonl beside it, or their directory",
        };
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Where the images are now, as for 'lungseg segment'; default: where they were",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new CliCommand(
            "replay", "Run a recorded run again: prove that every byte of its results is the same, or name the first image and why.",
            Examples)
        {
            report, images,
        };
        command.SetAction(parsed =>
            ReplayRun.Execute(
                parsed.GetRequiredValue(report), parsed.GetValue(images) ?? [], segment, parsed.InvocationConfiguration));
        return command;
    }
}
