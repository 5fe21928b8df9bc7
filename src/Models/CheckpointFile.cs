using System.Text.Json;
using LungSeg.Engine.Weights;
using LungSeg.IO;

namespace LungSeg.Models;

/// <summary>
/// A checkpoint and what is known beside its weights: a file, or a folder that the library's <c>save_pretrained</c> wrote, with the
/// constructor's options in config.json.
/// </summary>
/// <param name="Path">The file of the weights.</param>
/// <param name="Weights">The weights.</param>
/// <param name="Options">Options by the library's names.</param>
internal sealed record CheckpointFile(string Path, StateDict Weights, IReadOnlyList<KeyValuePair<string, string>> Options)
{
    private const string Config = "config.json";
    private const long MaximumBytes = 1 << 20;
    private static readonly string[] WeightsNames = ["model.safetensors", "pytorch_model.bin"];

    /// <summary>Opens a file or folder; throws <see cref="CheckpointException"/> for what cannot be read.</summary>
    public static CheckpointFile Open(string path)
    {
        if (!Directory.Exists(path)) return new CheckpointFile(path, Checkpoint.Read(path), []);
        string weights = WeightsNames.Select(name => System.IO.Path.Combine(path, name)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(
                $"'{path}' is a folder without {string.Join(" or ", WeightsNames)}: name a checkpoint, or a folder that save_pretrained "
                    + "wrote");
        string config = System.IO.Path.Combine(path, Config);
        return new CheckpointFile(weights, Checkpoint.Read(weights), File.Exists(config) ? Read(config) : []);
    }

    private static List<KeyValuePair<string, string>> Read(string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(BoundedFile.Read(path, MaximumBytes, "configuration of a network"));
            var options = new List<KeyValuePair<string, string>>();
            foreach (JsonProperty member in json.RootElement.EnumerateObject())
            {
                if (member.Name == "aux_params" && member.Value.ValueKind == JsonValueKind.Object)
                {
                    foreach (JsonProperty label in member.Value.EnumerateObject()) Add(options, $"aux_{label.Name}", label.Value);
                }
                else
                {
                    Add(options, member.Name, member.Value);
                }
            }
            return options;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"'{path}' is no configuration of a network: {e.Message}", e);
        }
    }

    // What says nothing of what the network computes is passed over, dropout for one. No value stands for the default, but for the
    // activation, where it stands for none.
    private static void Add(List<KeyValuePair<string, string>> options, string name, JsonElement value)
    {
        if (!CheckpointOptions.Has(name)) return;
        if (value.ValueKind == JsonValueKind.Null)
        {
            if (name.EndsWith("activation", StringComparison.Ordinal)) options.Add(new(name, "none"));
            return;
        }
        string text = value.ValueKind == JsonValueKind.Array
            ? string.Join(',', value.EnumerateArray().Select(item => item.ToString())) : value.ToString();
        options.Add(new(name, value.ValueKind is JsonValueKind.True or JsonValueKind.False ? text.ToLowerInvariant() : text));
    }
}
