using System.Text.Encodings.Web;
using System.Text.Json;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// Sizes, places and flags of one result, with what was read and decided; docs/outputs.md describes every member. Same input, same bytes.
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
        json.WriteString("program", $"{Software.Name} {Software.Version}");
        JsonMethod.Write(json, result.Method);
        JsonImage.Write(json, result.Image, result.Decisions);
        JsonLungs.Write(json, result);
        JsonQuality.Write(json, result);
        json.WriteEndObject();
    }
}
