using System.Text.Json;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// The lungs as GeoJSON (RFC 7946) in pixels, the image's upper left corner at 0, 0 and y downwards, as viewers of images
/// (QuPath and others) take it: one feature for each lung, polygons along the pixels' sides, holes included.
/// </summary>
internal sealed class GeoJsonWriter : ResultWriter
{
    public override string Name => "geojson";

    public override string Extension => ".geojson";

    public override string Description => "polygons of each lung in pixels, GeoJSON";

    protected override void WriteContent(Stream stream, LungSegmentation result)
    {
        OnImage.Require(result, Name);
        using Utf8JsonWriter json = new(stream, JsonWriter.Options with { Indented = false });
        json.WriteStartObject();
        json.WriteString("type", "FeatureCollection");
        json.WriteStartArray("features");
        foreach (LungSide side in Enum.GetValues<LungSide>())
            if (result.Statistics.Of(side) is { } lung)
                WriteFeature(json, lung, result.Sided);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFeature(Utf8JsonWriter json, Lung lung, SidedMask mask)
    {
        json.WriteStartObject();
        json.WriteString("type", "Feature");
        json.WriteStartObject("geometry");
        json.WriteString("type", "MultiPolygon");
        json.WriteStartArray("coordinates");
        foreach (PixelPolygon polygon in PixelOutline.Trace(mask.Sides, mask.Width, mask.Height, SidedMask.ValueOf(lung.Side)))
        {
            json.WriteStartArray();
            WriteRing(json, polygon.Outer);
            foreach (Ring hole in polygon.Holes)
                WriteRing(json, hole);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("properties");
        json.WriteString("objectType", "annotation");
        json.WriteString("name", LungNames.Of(lung.Side));
        json.WriteStartObject("classification");
        json.WriteString("name", LungNames.Of(lung.Side));
        (byte red, byte green, byte blue) = Overlay.ColorOf(lung.Side);
        json.WriteStartArray("color");
        foreach (byte value in (ReadOnlySpan<byte>)[red, green, blue])
            json.WriteNumberValue(value);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteNumber("area_px", lung.Area);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A ring ends where it starts.</summary>
    private static void WriteRing(Utf8JsonWriter json, Ring ring)
    {
        json.WriteStartArray();
        foreach ((int x, int y) in ring.Corners.Append(ring.Corners[0]))
        {
            json.WriteStartArray();
            json.WriteNumberValue(x);
            json.WriteNumberValue(y);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }
}
