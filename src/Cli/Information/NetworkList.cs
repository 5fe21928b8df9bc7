using System.Text.Json;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Information;

/// <summary>All nine networks: sizes, costs as published and as they are, and weights.</summary>
internal static class NetworkList
{
    public static void Write(TextWriter output)
    {
        WeightsFolder folder = WeightsFolder.Default;
        Table table = Tables.Create(
            "key", "network", "encoder", "input#", "parameters, M#", "MAC, G#", "published M#", "published G#", "published Dice#", "weights");
        foreach (Architecture network in Architectures.All)
        {
            Tables.Row(table,
            [
                network.Key, network.Name, network.Encoder, $"{network.InputSize}", Units.Millions(network.ParameterCount), Units.Billions(network.Macs),
                Units.Fixed(network.Published!.MillionParameters, 1), Units.Fixed(network.Published!.GigaMacs, 1), Units.Fixed(network.Published!.Dice, 3),
                folder.TryFind(network) is { } file ? Path.GetFileName(file) : "none",
            ]);
        }
        Tables.Write(output, table);
        output.WriteLine("published: the study's table 2. Its MACs come from a counter that skips convolutions; those in the sixth column are counted fully.");
        output.WriteLine($"weights: what is in {folder.Path}");
        foreach (WeightsEntry entry in folder.Entries) output.WriteLine($"  {entry.File}: {entry.Source}. {entry.Note}".TrimEnd());
    }

    public static void WriteJson(TextWriter output)
    {
        WeightsFolder folder = WeightsFolder.Default;
        Json.Write(output, json =>
        {
            json.WriteStartArray();
            foreach (Architecture network in Architectures.All)
            {
                json.WriteStartObject();
                WriteFacts(json, network, folder);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>A network's facts as properties of the current object.</summary>
    public static void WriteFacts(Utf8JsonWriter json, Architecture network, WeightsFolder folder)
    {
        json.WriteString("key", network.Key);
        json.WriteString("name", network.Name);
        json.WriteString("encoder", network.Encoder);
        json.WriteNumber("input_size", network.InputSize);
        json.WriteNumber("parameters", network.ParameterCount);
        json.WriteNumber("macs", network.Macs);
        if (network is { Published: { } published, Training: { } training })
        {
            json.WriteStartObject("published");
            json.WriteNumber("parameters_m", published.MillionParameters);
            json.WriteNumber("macs_g", published.GigaMacs);
            json.WriteNumber("dice", published.Dice);
            json.WriteEndObject();
            json.WriteStartObject("training");
            json.WriteString("loss", training.Loss);
            json.WriteString("optimizer", training.Optimizer);
            json.WriteNumber("learning_rate", training.LearningRate);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("architecture", network.Decoder);
            json.WriteString("options", NetworkOptionNames.ToText(network.Options));
        }
        string? file = folder.TryFind(network);
        if (file is null)
        {
            json.WriteNull("weights");
            return;
        }
        json.WriteStartObject("weights");
        json.WriteString("file", file);
        if (folder.EntryOf(network) is { } entry)
        {
            json.WriteString("source", entry.Source);
            json.WriteString("sha256", entry.Sha256);
            json.WriteString("licence", entry.Licence);
            json.WriteString("note", entry.Note);
        }
        json.WriteEndObject();
    }
}
