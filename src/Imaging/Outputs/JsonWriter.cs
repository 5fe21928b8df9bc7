using System.Text.Encodings.Web;
using System.Text.Json;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// One result: how it was made, what was read, lungs, flags, measures. docs/outputs.md describes every member,
/// docs/schemas/result.schema.json is its schema. The same input gives the same bytes.
/// </summary>
internal sealed class JsonWriter : ResultWriter
{
    /// <summary>Indented, and text as it is: file names in any script stay readable.</summary>
    public static JsonWriterOptions Options { get; } = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public override string Name => "json";

    public override string Extension => ".json";

    public override string Description => "areas, boxes, centres, quality flags and every choice, JSON";

    protected override void WriteContent(Stream stream, LungSegmentation result)
    {
        using Utf8JsonWriter json = new(stream, Options);
        json.WriteStartObject();
        json.WriteNumber("schema", JsonFacts.Version);
        json.WriteString("program", $"{Software.Name} {Software.Version}");
        JsonFacts.WriteMethod(json, result.Method);
        JsonImage.Write(json, result.Image, result.Decisions);
        JsonFacts.WriteLungs(json, result);
        JsonQuality.Write(json, result.Measures);
        json.WriteEndObject();
    }
}
