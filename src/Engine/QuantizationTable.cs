using System.Text.Json;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine;

/// <summary>How a node's result is stored, and how its value is rounded before an activation that is a table.</summary>
internal readonly record struct NodeQuantization(Quantization Stored, Quantization? Before = null);

/// <summary>
/// How a network is quantised: for the nodes of its folded graph, by <see cref="NodeNames"/>, how each is stored, and those that are
/// computed in float32 with the reason.
/// </summary>
internal sealed record QuantizationTable(
    IReadOnlyDictionary<string, NodeQuantization> Nodes, IReadOnlyDictionary<string, string> Float)
{
    /// <summary>The version of the JSON that <see cref="WriteTo"/> writes.</summary>
    public const int Version = 1;

    /// <summary>The key of the JSON in a file's metadata.</summary>
    public const string MetadataKey = "lungseg.quantization";

    /// <summary>
    /// Chooses quantisations from the values' ranges. Tensors between which bytes only move (concatenations, max pooling, resampling,
    /// slices) share one, which holds the ranges of all of them. What nobody reads as bytes gets none.
    /// </summary>
    /// <param name="graph">The folded graph.</param>
    /// <param name="stored">The range of a node's result, by its name.</param>
    /// <param name="before">The range of a node's value before its activation; asked only where the activation is a table.</param>
    /// <param name="computedInFloat">Names of nodes that stay in float32, with the reason.</param>
    public static QuantizationTable Of(
        Graph graph, Func<string, ValueRange> stored, Func<string, ValueRange> before,
        IReadOnlyDictionary<string, string>? computedInFloat = null)
    {
        IReadOnlyDictionary<string, string> left = computedInFloat ?? new Dictionary<string, string>();
        IReadOnlyDictionary<Tensor, string> names = NodeNames.Of(graph);
        HashSet<Tensor> integer = Quantize.ComputedInIntegers(graph, node => !left.ContainsKey(names[node]));
        HashSet<Tensor> bytes = Quantize.StoredAsBytes(graph, integer);
        var parents = new Dictionary<Tensor, Tensor>();
        foreach (Tensor node in graph.Nodes.Where(integer.Contains).Where(node => Quantize.MovesBytes(node.Op)))
        {
            foreach (Tensor input in Quantize.ReadInputs(node)) parents[Root(input)] = Root(node);
        }
        Dictionary<Tensor, Quantization> shared = graph.Nodes.Where(bytes.Contains).GroupBy(Root).ToDictionary(
            group => group.Key, group => Quantization.Of(group.Select(node => stored(names[node])).Aggregate((a, b) => a.Union(b))));
        return new QuantizationTable(
            graph.Nodes.Where(bytes.Contains).ToDictionary(
                node => names[node],
                node => new NodeQuantization(
                    shared[Root(node)], integer.Contains(node) && Quantize.HasTable(node.Op) ? Quantization.Of(before(names[node])) : null),
                StringComparer.Ordinal),
            left);

        Tensor Root(Tensor tensor)
        {
            while (parents.TryGetValue(tensor, out Tensor? parent) && parent != tensor) tensor = parent;
            return tensor;
        }
    }

    /// <summary>Writes the members <c>version</c>, <c>activations</c> and <c>float</c> into an object.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteNumber("version", Version);
        json.WriteStartObject("activations");
        foreach ((string name, NodeQuantization node) in Nodes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(name);
            Write(json, node.Stored);
            if (node.Before is { } before)
            {
                json.WriteStartObject("before");
                Write(json, before);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteStartObject("float");
        foreach ((string name, string reason) in Float.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(name, reason);
        json.WriteEndObject();
    }

    /// <summary>
    /// Reads what <see cref="WriteTo"/> wrote, and passes over other members. Throws <see cref="WeightException"/> for anything else.
    /// </summary>
    public static QuantizationTable Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            int version = root.GetProperty("version").GetInt32();
            if (version != Version) throw new WeightException($"{MetadataKey}: version {Version} expected, found {version}");
            return new QuantizationTable(
                Members(root, "activations", node =>
                    new NodeQuantization(Read(node), node.TryGetProperty("before", out JsonElement before) ? Read(before) : null)),
                Members(root, "float", reason => reason.GetString() ?? ""));
        }
        catch (Exception e) when
            (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new WeightException($"{MetadataKey}: the metadata do not say how the network is quantised ({e.Message})");
        }
    }

    private static Dictionary<string, T> Members<T>(JsonElement root, string name, Func<JsonElement, T> read) =>
        root.GetProperty(name).EnumerateObject().ToDictionary(member => member.Name, member => read(member.Value), StringComparer.Ordinal);

    private static void Write(Utf8JsonWriter json, Quantization quantization)
    {
        json.WriteNumber("scale", quantization.Scale);
        json.WriteNumber("zero", quantization.Zero);
    }

    private static Quantization Read(JsonElement element)
    {
        var result = new Quantization(element.GetProperty("scale").GetSingle(), element.GetProperty("zero").GetByte());
        return float.IsNormal(result.Scale) && result.Scale > 0 ? result : throw new FormatException($"no scale: {result.Scale}");
    }
}
