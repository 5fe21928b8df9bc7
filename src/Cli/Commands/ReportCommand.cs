using System.CommandLine;
using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Commands;

/// <summary><c>report DIR</c>: the reports of a run, made anew from its journal.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = "The output directory of 'lungseg segment' or 'lungseg merge'" };
        var command = new Command("report", "Write the reports of a finished or interrupted run anew: report.html, report.csv, report.jsonl.") { directory };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(directory);
            if (!Directory.Exists(path)) throw new UsageException($"'{path}' is no directory{Suggestion.ForFile(path)}");
            if (!File.Exists(Path.Combine(path, Journal.NameOf(Shard.Whole))))
            {
                throw new UsageException(Journal.AllIn(path).Count > 0
                    ? $"'{path}' has journals of shards: join them first with 'lungseg merge {path} --report'"
                    : $"'{path}' has no journal.jsonl: name the output directory of a run of 'lungseg segment' over a folder, a pattern or a list");
            }
            using DirectoryLock? shared = DirectoryLock.TryShare(path);
            parsed.InvocationConfiguration.Output.WriteLine($"wrote {string.Join(", ", RunReports.Write(path, Shard.Whole, html: true))}");
            return ExitCode.Done;
        });
        return command;
    }
}
