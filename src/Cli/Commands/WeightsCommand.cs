using System.CommandLine;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>weights list | verify | add FILE</c>: the folder in which networks find their weights.</summary>
internal static class WeightsCommand
{
    public static Command Create() => new("weights", $"The weights folder: the one beside the program, or what {WeightsFolder.Variable} names.")
    {
        List(),
        Verify(),
        Add(),
    };

    private static Command List()
    {
        var command = new Command("list", "What is in the weights folder.");
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            WeightsFolder folder = WeightsFolder.Default;
            output.WriteLine(folder.Path);
            Table table = Tables.Create("network", "file", "source", "licence", "sha256");
            foreach (WeightsEntry entry in folder.Entries)
                Tables.Row(table, [entry.Network, entry.File, entry.Source, entry.Licence, entry.Sha256[..Math.Min(12, entry.Sha256.Length)]]);
            foreach (string file in folder.Unlisted) Tables.Row(table, [Architectures.All.FirstOrDefault(network => folder.TryFind(network) == Path.Combine(folder.Path, file))?.Key ?? "", file, "not in the manifest", "", ""]);
            Tables.Write(output, table);
            foreach (WeightsEntry entry in folder.Entries.Where(entry => entry.Note.Length > 0)) output.WriteLine($"{entry.File}: {entry.Note}");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Verify()
    {
        var command = new Command("verify", "Check every file of the folder against its hash, and that its weights fit its network.");
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            WeightsFolder folder = WeightsFolder.Default;
            int bad = 0;
            foreach (WeightsEntry entry in folder.Entries)
            {
                string? fault = folder.FaultOf(entry);
                if (fault is not null) bad++;
                output.WriteLine($"{entry.File}: {fault ?? "holds"}");
            }
            foreach (string file in folder.Unlisted) output.WriteLine($"{file}: not in the manifest, not checked");
            if (folder.Entries.Count == 0) throw new UsageException($"there are no weights with a manifest in '{folder.Path}'");
            return bad == 0 ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static Command Add()
    {
        var file = new Argument<string>("FILE") { Description = "A file that convert wrote" };
        var force = new Option<bool>("--force") { Description = "Replace a file of the same name" };
        var command = new Command("add", "Copy a converted file into the folder, so that segment --network finds it.") { file, force };
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(file);
            NetworkWeights weights = NetworkWeights.Open(null, path);
            if (!weights.StateDict.Format.StartsWith("safetensors", StringComparison.Ordinal) || weights.StateDict.Format.Contains("archive"))
                throw new UsageException($"'{path}' is {weights.StateDict.Format}: run 'lungseg convert {path}' first");
            weights.Network.Load(weights.StateDict);
            IReadOnlyDictionary<string, string> metadata = weights.StateDict.Metadata;
            bool study = metadata.TryGetValue("source_sha256", out string? source) && WeightsHash.StudyFile(source) is not null;
            var entry = new WeightsEntry(
                Path.GetFileName(path), weights.Network.Key, study ? "the study's own file (doi:10.5281/zenodo.8393555)" : "added by the user",
                WeightsHash.OfFile(path), study ? "see doi:10.5281/zenodo.8393555" : "unknown");
            WeightsFolder folder = WeightsFolder.Default;
            folder.Add(path, entry, parsed.GetValue(force));
            parsed.InvocationConfiguration.Output.WriteLine($"added {folder.PathOf(entry)}; --network {entry.Network} uses it from now on");
            return ExitCode.Done;
        });
        return command;
    }
}
