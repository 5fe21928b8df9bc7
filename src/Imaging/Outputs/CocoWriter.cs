using System.Text.Json;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Outputs;

/// <summary>
/// One image in the layout of COCO's object detection: an annotation for each lung, with polygons along the pixels' sides and the
/// run-length coded mask. Where a lung has holes, which COCO's polygons cannot have, the coded mask stands for them.
/// </summary>
internal sealed class CocoWriter : ResultWriter
{
    private const int ImageId = 1;

    public override string Name => "coco";

    public override string Extension => ".coco.json";

    public override string Description => "polygons and run-length coded mask of each lung, COCO JSON";

    protected override void WriteContent(Stream stream, LungSegmentation result)
    {
        OnImage.Require(result, Name);
        using Utf8JsonWriter json = new(stream, JsonWriter.Options with { Indented = false });
        json.WriteStartObject();
        json.WriteStartObject("info");
        json.WriteString("description", $"lungs found by {Software.Name} {Software.Version}, network {result.Method.Network}");
        json.WriteString("version", "1.0");
        json.WriteEndObject();
        json.WriteStartArray("licenses");
        json.WriteEndArray();
        json.WriteStartArray("images");
        json.WriteStartObject();
        json.WriteNumber("id", ImageId);
        json.WriteString("file_name", Path.GetFileName(result.Image.Name));
        json.WriteNumber("width", result.Mask.Width);
        json.WriteNumber("height", result.Mask.Height);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("annotations");
        foreach (LungSide side in Enum.GetValues<LungSide>())
            if (result.Statistics.Of(side) is { } lung)
                WriteAnnotation(json, lung, result.Sided);
        json.WriteEndArray();
        json.WriteStartArray("categories");
        foreach (LungSide side in Enum.GetValues<LungSide>())
        {
            json.WriteStartObject();
            json.WriteNumber("id", SidedMask.ValueOf(side));
            json.WriteString("name", LungNames.Of(side));
            json.WriteString("supercategory", "lung");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAnnotation(Utf8JsonWriter json, Lung lung, SidedMask mask)
    {
        byte value = SidedMask.ValueOf(lung.Side);
        string counts = RunLengthMask.Encode(mask.Sides, mask.Width, mask.Height, value);
        IReadOnlyList<PixelPolygon> polygons = PixelOutline.Trace(mask.Sides, mask.Width, mask.Height, value);
        json.WriteStartObject();
        json.WriteNumber("id", value);
        json.WriteNumber("image_id", ImageId);
        json.WriteNumber("category_id", value);
        json.WriteNumber("iscrowd", 0);
        json.WriteNumber("area", lung.Area);
        json.WriteStartArray("bbox");
        foreach (int number in (ReadOnlySpan<int>)[lung.Left, lung.Top, lung.Width, lung.Height])
            json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WritePropertyName("segmentation");
        if (polygons.Any(p => p.Holes.Count > 0))
            WriteRunLengths(json, mask, counts);
        else
            WritePolygons(json, polygons);
        json.WritePropertyName("rle");
        WriteRunLengths(json, mask, counts);
        json.WriteEndObject();
    }

    private static void WritePolygons(Utf8JsonWriter json, IReadOnlyList<PixelPolygon> polygons)
    {
        json.WriteStartArray();
        foreach (PixelPolygon polygon in polygons)
        {
            json.WriteStartArray();
            foreach ((int x, int y) in polygon.Outer.Corners)
            {
                json.WriteNumberValue(x);
                json.WriteNumberValue(y);
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void WriteRunLengths(Utf8JsonWriter json, SidedMask mask, string counts)
    {
        json.WriteStartObject();
        json.WriteStartArray("size");
        json.WriteNumberValue(mask.Height);
        json.WriteNumberValue(mask.Width);
        json.WriteEndArray();
        json.WriteString("counts", counts);
        json.WriteEndObject();
    }
}
