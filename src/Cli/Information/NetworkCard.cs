using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Weights;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Information;

/// <summary>One network, or a file of its weights: facts, and the layer table.</summary>
internal static class NetworkCard
{
    public static void Write(TextWriter output, Architecture network, Graph graph, StateDict? stateDict, string name, bool layers)
    {
        if (stateDict is not null) WriteFile(output, stateDict, name);
        output.WriteLine($"{network}");
        string parameters = $"{network.ParameterCount:N0}", macs = $"{Units.Billions(graph.Macs)} G for {Units.Dims(graph.Input.Shape)}";
        if (network is { Published: { } published, Training: { } training })
        {
            output.WriteLine($"  parameters {parameters} (published {Units.Fixed(published.MillionParameters, 1)} M)");
            output.WriteLine($"  MACs       {macs} (published {Units.Fixed(published.GigaMacs, 1)} G for {network.InputSize} x {network.InputSize}, by a counter that skips convolutions)");
            output.WriteLine($"  Dice       {Units.Fixed(published.Dice, 3)} as published, with the study's weights, on its test set");
            output.WriteLine($"  training   {training.Loss} loss, {training.Optimizer} {training.LearningRate}; {Architectures.TrainingData}");
        }
        else
        {
            output.WriteLine($"  parameters {parameters}");
            output.WriteLine($"  MACs       {macs}");
            output.WriteLine($"  options    {NetworkOptionNames.ToText(network.Options)}");
        }
        output.WriteLine($"  memory     {Units.MebiBytes(ArenaBytes(graph))} MiB of working memory for one image on the CPU, without weights");
        WriteWeights(output, network);
        if (layers) LayerTable.Write(output, graph);
    }

    public static void WriteJson(TextWriter output, Architecture network, Graph graph, StateDict? stateDict, string name) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        NetworkList.WriteFacts(json, network, WeightsFolder.Default);
        json.WriteNumber("arena_bytes", ArenaBytes(graph));
        if (stateDict is not null)
        {
            json.WriteStartObject("file");
            json.WriteString("name", name);
            json.WriteString("format", stateDict.Format);
            json.WriteNumber("tensors", stateDict.Count);
            WriteMetadata(json, stateDict);
            json.WriteEndObject();
        }
        LayerTable.WriteJson(json, graph);
        json.WriteEndObject();
    });

    private static void WriteFile(TextWriter output, StateDict stateDict, string name)
    {
        string types = string.Join(", ", stateDict.CountBy(parameter => parameter.StoredAs).Select(type => $"{type.Value} {type.Key}"));
        (_, string sha256) = WeightsHash.OfCheckpoint(name, stateDict);
        string source = stateDict.Metadata.GetValueOrDefault("source_sha256", sha256);
        output.WriteLine($"{name}: {stateDict.Format}, {stateDict.Count} tensors ({types}), sha256 {sha256}");
        output.WriteLine(WeightsHash.StudyFile(source) is { } study ? $"  the study's own weights of {study.Name}" : "  not one of the study's files");
        foreach ((string key, string value) in stateDict.Metadata) output.WriteLine($"  {key}: {value}");
    }

    private static void WriteWeights(TextWriter output, Architecture network)
    {
        WeightsFolder folder = WeightsFolder.Default;
        string? file = folder.TryFind(network);
        if (file is null)
        {
            output.WriteLine($"  weights    none in {folder.Path}; the study's are at doi:10.5281/zenodo.8393555, 'lungseg convert' takes them");
            return;
        }
        output.WriteLine($"  weights    {file}");
        if (folder.EntryOf(network) is { } entry) output.WriteLine($"             {entry.Source}; {entry.Licence}. {entry.Note}");
    }

    private static void WriteMetadata(Utf8JsonWriter json, StateDict stateDict)
    {
        json.WriteStartObject("metadata");
        foreach ((string key, string value) in stateDict.Metadata) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static long ArenaBytes(Graph graph)
    {
        using var backend = new CpuBackend();
        using Model model = backend.Load(graph, new LoadOptions { CompactHeap = true });
        using Plan plan = model.Plan(1, graph.Input.Shape.H, graph.Input.Shape.W);
        return plan.ArenaBytes;
    }
}
