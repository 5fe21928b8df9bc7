using System.CommandLine;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Reports;

namespace LungSeg.Cli.Commands;

/// <summary><c>report DIR</c>: writes the reports of a run from its journal.</summary>
internal static class ReportCommand
{
    private static readonly Example[] Examples = [new("lungseg report out", "write report.html of a finished, interrupted or merged run")];

    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "Output directory of 'lungseg segment' or 'lungseg merge'" };
        var command = new CliCommand(
            "report", "Write report.html, report.csv and report.jsonl of a finished or interrupted run again.", Examples)
        {
            directory,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(directory);
            if (!Directory.Exists(path)) throw new UsageException($"'{path}' is not a directory{Suggestion.ForFile(path)}");
            if (!File.Exists(Path.Combine(path, Journal.NameOf(Shard.Whole))))
            {
                throw new UsageException(Journal.AllIn(path).Count > 0
                    ? $"'{path}' has journals of shards: merge them first with 'lungseg merge {path} --report'"
                    : $"'{path}' has no journal.jsonl: give the output directory of 'lungseg segment' over a folder, a pattern or a list");
            }
            using DirectoryLock? shared = DirectoryLock.TryShare(path);
            parsed.InvocationConfiguration.Output.WriteLine($"wrote {string.Join(", ", RunReports.Write(path, Shard.Whole, html: true))}");
            return ExitCode.Done;
        });
        return command;
    }
}
