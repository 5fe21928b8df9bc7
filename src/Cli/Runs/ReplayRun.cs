using System.CommandLine;
using LungSeg.Cli.Journals;

namespace LungSeg.Cli.Runs;

/// <summary>
/// Runs what a journal recorded again, into a directory that is deleted afterwards, and compares the hashes of all results.
/// </summary>
internal static class ReplayRun
{
    /// <summary>Runs, and returns the program's exit code: 0 where all is the same.</summary>
    /// <param name="report">report.jsonl, or the directory that it is in.</param>
    /// <param name="images">Where the images are now; empty for where they were.</param>
    /// <param name="segment">Makes the command that was recorded, given the time that an image's results state.</param>
    /// <param name="streams">Where it writes.</param>
    public static int Execute(
        string report, IReadOnlyList<string> images, Func<Func<string, DateTime?>, Command> segment, InvocationConfiguration streams)
    {
        string directory = Directory.Exists(report) ? report : Path.GetDirectoryName(Path.GetFullPath(report))!;
        string path = Path.Combine(directory, Journal.NameOf(Shard.Whole));
        if (!File.Exists(path)) throw new UsageException($"'{path}' does not exist: a run is replayed from the journal beside its report");
        using JournalFile recorded = JournalFile.Open(path);
        RunSession session = recorded.Sessions[^1];
        string[] arguments = [.. Arguments(session, path, images)];
        string again = Directory.CreateTempSubdirectory("lungseg-replay-").FullName;
        try
        {
            // To a directory of its own: what was recorded stays as it is.
            var quiet = new InvocationConfiguration
            {
                Output = TextWriter.Null,
                Error = streams.Error,
                EnableDefaultExceptionHandler = false,
            };
            Command command = segment(name => recorded.Find(name)?.ContentTime);
            int exit = command.Parse(["--output", again, "--resume", "--quiet", .. arguments], CommandLine.Parsing).Invoke(quiet);
            if (exit == ExitCode.Interrupted) return exit;
            using JournalFile now = JournalFile.Open(Path.Combine(again, Journal.NameOf(Shard.Whole)));
            return Compare(recorded, now, streams.Output);
        }
        finally
        {
            Directory.Delete(again, recursive: true);
        }
    }

    private static IEnumerable<string> Arguments(RunSession session, string path, IReadOnlyList<string> images)
    {
        if (session.Arguments is not { } recorded || session.Inputs is not { } inputs)
            throw new UsageException($"the journal '{path}' does not say how it was made: it is from a version before 'lungseg replay'");
        if (images.Count == 0 && inputs.Any(input => input == "@-"))
            throw new UsageException("the list of images came through standard input: give the images after the report");
        return [.. recorded, "--", .. images.Count > 0 ? images : inputs];
    }

    private static int Compare(JournalFile recorded, JournalFile now, TextWriter output)
    {
        string[] names = [.. recorded.Names.Union(now.Names).Order(StringComparer.Ordinal)];
        int outputs = 0;
        foreach (string name in names)
        {
            JournalEntry? before = recorded.Find(name), after = now.Find(name);
            if (Difference(before, after) is { } difference)
            {
                output.WriteLine($"{name}: {difference}");
                output.WriteLine(Reason(recorded.Sessions[^1], now.Sessions[^1]));
                return ExitCode.CheckFailed;
            }
            outputs += before!.Record.Outputs.Count;
        }
        output.WriteLine($"{names.Length} {(names.Length == 1 ? "image" : "images")}: all {outputs} results are the same byte for byte");
        return ExitCode.Done;
    }

    // What is not the same; null where everything is.
    private static string? Difference(JournalEntry? before, JournalEntry? after)
    {
        if (before is null) return "this image was not in the recorded run";
        if (after is null) return "this image is missing now";
        if (before.Record.Sha256 is { } file && after.Record.Sha256 is { } found && file != found) return "the image is another one now";
        if (before.Record.Error != after.Record.Error)
            return $"recorded {before.Record.Error ?? "without an error"}, now {after.Record.Error ?? "without an error"}";
        foreach ((OutputFile? one, OutputFile? other) in Pairs(before.Record.Outputs, after.Record.Outputs))
        {
            if (other is null) return $"{one!.Name} was written, and is not now";
            if (one is null) return $"{other.Name} was not written, and is now";
            if (one.Sha256 != other.Sha256) return $"{one.Name} differs: SHA-256 {one.Sha256} recorded, {other.Sha256} now";
        }
        return null;
    }

    private static IEnumerable<(OutputFile? One, OutputFile? Other)> Pairs(
        IReadOnlyList<OutputFile> before, IReadOnlyList<OutputFile> after) =>
        before.Select(one => one.Name).Union(after.Select(other => other.Name)).Select(name =>
            (before.FirstOrDefault(one => one.Name == name), after.FirstOrDefault(other => other.Name == name)));

    private static string Reason(RunSession recorded, RunSession now)
    {
        string settings = RunSettings.Difference(recorded.Settings, now.Settings, "recorded", "now");
        if (settings.Length > 0) return $"settings that differ: {settings}";
        string conditions = RunSettings.Difference(recorded.Conditions, now.Conditions, "recorded", "now");
        return conditions.Length > 0
            ? $"version, weights and settings are the same; it ran elsewhere: {conditions}"
            : "version, weights, settings and machine are the same";
    }
}
