using System.CommandLine;
using LungSeg.Cli.Information;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>info [KEY | FILE]</c>: the nine networks, one of them with its layers, or a weights file.</summary>
internal static class InfoCommand
{
    private static readonly string[] WeightsExtensions = [".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".zip"];

    public static Command Create()
    {
        var subject = new Argument<string?>("KEY|FILE") { HelpName = "KEY|FILE", Description = "A network, or a weights file; nothing for all nine networks", Arity = ArgumentArity.ZeroOrOne, CompletionSources = { CommonOptions.NetworkKeys } };
        var layers = new Option<bool>("--layers") { Description = "The layer table; a network shows it anyway, a file only when asked" };
        var graph = new Option<bool>("--graph") { Description = "The network's graph as JSON, for tools/torch_twin.py" };
        Option<int> size = CommonOptions.Whole("--size", "Height and width for layers and graph; the network's own if not given", 1, 8192, 0);
        Option<bool> json = CommonOptions.Json();

        var command = new Command("info", "What the networks are, what they cost and which weights there are.") { subject, layers, graph, size, json };
        command.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            bool asJson = parsed.GetValue(json), asGraph = parsed.GetValue(graph);
            string? text = parsed.GetValue(subject);
            if (text is null)
            {
                if (asGraph || parsed.GetValue(layers)) throw new UsageException("--graph and --layers need a network: lungseg info KEY --layers");
                if (asJson) NetworkList.WriteJson(output);
                else NetworkList.Write(output);
                return ExitCode.Done;
            }
            bool isFile = IsFile(text);
            StateDict? stateDict = isFile ? Checkpoint.Read(text) : null;
            Architecture network = stateDict is null ? Architectures.Get(text) : Architectures.Recognise(stateDict);
            int side = parsed.GetValue(size) is > 0 and int given ? given : network.InputSize;
            Graph traced = network.Record(new SyntheticWeights(), 1, side, side);
            if (asGraph) Json.Write(output, writer => GraphJson.Write(traced, writer));
            else if (asJson) NetworkCard.WriteJson(output, network, traced, stateDict, text);
            else NetworkCard.Write(output, network, traced, stateDict, text, !isFile || parsed.GetValue(layers));
            return ExitCode.Done;
        });
        return command;
    }

    // A key has no extension and no folder; anything else is taken for a file, so that a mistyped path is called missing.
    private static bool IsFile(string text) =>
        text.Contains('/') || text.Contains('\\') || File.Exists(text)
        || WeightsExtensions.Contains(Path.GetExtension(text), StringComparer.OrdinalIgnoreCase);
}
