using System.Text.Encodings.Web;
using System.Text.Json;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>A weights file: its name in the folder, its network's key, where it comes from, its hash and its licence.</summary>
public sealed record WeightsEntry(string File, string Network, string Source, string Sha256, string Licence)
{
    /// <summary>What a user should know of the weights, their measured quality included; empty for nothing.</summary>
    public string Note { get; init; } = "";

    /// <summary>Whether the file is in the program itself, not in the folder.</summary>
    internal bool IsBuiltIn { get; init; }
}

/// <summary>Reads and writes <c>manifest.json</c>: <c>{"weights": [{"file": …, "network": …, …}]}</c>.</summary>
internal static class WeightsManifest
{
    private const long MaximumBytes = 16 << 20;

    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The entries of a file, none if there is no file.</summary>
    public static IReadOnlyList<WeightsEntry> Read(string path)
    {
        if (!BuiltInFiles.TryGet(path, out ReadOnlyMemory<byte> text))
        {
            if (!File.Exists(path)) return [];
            text = BoundedFile.Read(path, MaximumBytes, "manifest of weights");
        }
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            return [.. json.RootElement.GetProperty("weights").EnumerateArray().Select(ReadEntry)];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CheckpointException($"'{path}' is no manifest of weights: {e.Message}", e);
        }
    }

    public static void Write(string path, IReadOnlyList<WeightsEntry> entries) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, Readable);
        json.WriteStartObject();
        json.WriteStartArray("weights");
        foreach (WeightsEntry entry in entries) WriteEntry(json, entry);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static WeightsEntry ReadEntry(JsonElement entry)
    {
        string file = Text("file");
        if (file != Path.GetFileName(file)) throw new InvalidOperationException($"'{file}' should be a file name without folders");
        return new WeightsEntry(file, Text("network"), Text("source"), Text("sha256"), Text("licence"))
        {
            Note = entry.TryGetProperty("note", out JsonElement note) ? note.GetString() ?? "" : "",
        };

        string Text(string name) =>
            entry.GetProperty(name).GetString() ?? throw new InvalidOperationException($"'{name}' should be text");
    }

    private static void WriteEntry(Utf8JsonWriter json, WeightsEntry entry)
    {
        json.WriteStartObject();
        json.WriteString("file", entry.File);
        json.WriteString("network", entry.Network);
        json.WriteString("source", entry.Source);
        json.WriteString("sha256", entry.Sha256);
        json.WriteString("licence", entry.Licence);
        if (entry.Note.Length > 0) json.WriteString("note", entry.Note);
        json.WriteEndObject();
    }
}
