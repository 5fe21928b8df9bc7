using System.CommandLine;
using LungSeg.Cli.Runs;

namespace LungSeg.Cli.Commands;

/// <summary><c>merge DIR…</c>: one run of the shards of a run.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var directories = new Argument<string[]>("DIR") { Description = "Output directories of 'lungseg segment --shard': one for all shards, or several", Arity = ArgumentArity.OneOrMore };
        var target = new Option<string?>("--output", "-o") { Description = "Where journal, reports and copies of all outputs go; DIR itself if there is one", HelpName = "DIR" };
        var report = new Option<bool>("--report") { Description = "Also write report.html" };
        var command = new Command("merge", "Join the shards of a run: reports, journal and outputs.") { directories, target, report };
        command.SetAction(parsed =>
        {
            string[] sources = parsed.GetRequiredValue(directories);
            string output = parsed.GetValue(target) ?? (sources.Length == 1 ? sources[0]
                : throw new UsageException($"{sources.Length} directories were named: say with -o where the merged run goes"));
            OutputDirectory.Check(output);
            using ShardMerge merge = ShardMerge.Of(sources);
            IReadOnlyList<string> reports = merge.Write(output, parsed.GetValue(report));
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            foreach (string problem in merge.Problems) CommandLine.Tell(streams.Error, problem);
            streams.Output.WriteLine($"{merge.Images} images of {merge.Shards} shards; wrote {string.Join(", ", reports)}");
            return merge.Problems.Count == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }
}
