using System.CommandLine;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>weights list | verify | add FILE</c>: manages the folder with the networks' weights.</summary>
internal static class WeightsCommand
{
    private static readonly Example[] ListExamples = [new("lungseg weights list", "show files, networks, sources and licences")];

    private static readonly Example[] VerifyExamples = [new("lungseg weights verify", "check every file against its hash")];

    private static readonly Example[] AddExamples =
        [new("lungseg weights add deeplabv3plus.safetensors", "let segment --network deeplabv3plus find this file")];

    public static Command Create() => new CliCommand(
        "weights", $"Manage the weights folder: the folder beside the program, or the one that {WeightsFolder.Variable} names.",
        ListExamples)
    {
        List(),
        Verify(),
        Add(),
    };

    private static CliCommand List()
    {
        var command = new CliCommand("list", "List the files in the weights folder.", ListExamples);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            WeightsFolder folder = WeightsFolder.Default;
            output.WriteLine(folder.Path);
            Table table = Tables.Create("network", "file", "source", "licence", "sha256");
            foreach (WeightsEntry entry in folder.Entries)
            {
                string hash = entry.Sha256[..Math.Min(12, entry.Sha256.Length)];
                Tables.Row(table, [entry.Network, entry.File, entry.Source, entry.Licence, hash]);
            }
            foreach (string file in folder.Unlisted)
            {
                Architecture? user = Architectures.All.FirstOrDefault(
                    network => folder.TryFind(network) == Path.Combine(folder.Path, file));
                Tables.Row(table, [user?.Key ?? "", file, "not in the manifest", "", ""]);
            }
            Tables.Write(output, table);
            foreach (WeightsEntry entry in folder.Entries.Where(entry => entry.Note.Length > 0))
                output.WriteLine($"{entry.File}: {entry.Note}");
            return ExitCode.Done;
        });
        return command;
    }

    private static CliCommand Verify()
    {
        var command = new CliCommand(
            "verify", "Check the hash of every file in the folder, and that its weights match its network.", VerifyExamples);
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            WeightsFolder folder = WeightsFolder.Default;
            int bad = 0;
            foreach (WeightsEntry entry in folder.Entries)
            {
                string? fault = folder.FaultOf(entry);
                if (fault is not null) bad++;
                output.WriteLine($"{entry.File}: {fault ?? "ok"}");
            }
            foreach (string file in folder.Unlisted) output.WriteLine($"{file}: not in the manifest, not checked");
            if (folder.Entries.Count == 0) throw new UsageException($"'{folder.Path}' has no manifest of weights");
            return bad == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static CliCommand Add()
    {
        var file = new Argument<string>("FILE") { Description = "File written by convert" };
        var force = new Option<bool>("--force") { Description = "Replace a file with the same name" };
        var command = new CliCommand("add", "Copy a converted file into the folder, where segment --network finds it.", AddExamples)
        {
            file, force,
        };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            NetworkWeights weights = NetworkWeights.Open(null, path);
            string format = weights.StateDict.Format;
            if (!format.StartsWith("safetensors", StringComparison.Ordinal) || format.Contains("archive"))
                throw new UsageException($"'{path}' is {format}: run 'lungseg convert {path}' first");
            weights.Network.Load(weights.StateDict);
            IReadOnlyDictionary<string, string> metadata = weights.StateDict.Metadata;
            bool study = metadata.TryGetValue("source_sha256", out string? source) && WeightsHash.StudyFile(source) is not null;
            var entry = new WeightsEntry(
                Path.GetFileName(path), weights.Network.Key,
                study ? "the study's own file (doi:10.5281/zenodo.8393555)" : "added by the user",
                WeightsHash.OfFile(path), study ? "see doi:10.5281/zenodo.8393555" : "unknown");
            WeightsFolder folder = WeightsFolder.Default;
            folder.Add(path, entry, parsed.GetValue(force));
            parsed.InvocationConfiguration.Output.WriteLine($"added {folder.PathOf(entry)}; --network {entry.Network} now uses it");
            return ExitCode.Done;
        });
        return command;
    }
}
