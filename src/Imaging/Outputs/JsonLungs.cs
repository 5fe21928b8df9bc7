using System.Text.Json;
using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Outputs;

/// <summary>The member "lungs": areas, boxes and centres, in pixels of the mask and, where the spacing is known, in millimetres.</summary>
internal static class JsonLungs
{
    public static void Write(Utf8JsonWriter json, LungSegmentation result)
    {
        MaskStatistics statistics = result.Statistics;
        PixelSpacing? spacing = result.MaskSpacing;
        json.WriteStartObject("lungs");
        json.WriteNumber("mask_width", statistics.Width);
        json.WriteNumber("mask_height", statistics.Height);
        WriteArea(json, statistics.Area, spacing);
        json.WriteNumber("share", statistics.AreaShare);
        json.WritePropertyName("width_ratio_right_to_left");
        if (statistics.WidthRatio is { } ratio)
            json.WriteNumberValue(ratio);
        else
            json.WriteNullValue();
        foreach (LungSide side in Enum.GetValues<LungSide>())
            WriteLung(json, side, statistics.Of(side), spacing);
        json.WriteStartArray("components");
        foreach (LungPart part in statistics.Parts)
        {
            Component c = part.Component;
            json.WriteStartObject();
            json.WriteString("side", NameOf(part.Side));
            WriteArea(json, c.Area, spacing);
            WritePlace(json, c.Left, c.Top, c.Right, c.Bottom, c.CenterX, c.CenterY);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static string NameOf(LungSide side) => side switch { LungSide.Right => "right", LungSide.Left => "left", _ => "joined" };

    private static void WriteLung(Utf8JsonWriter json, LungSide side, Lung? lung, PixelSpacing? spacing)
    {
        if (lung is null)
        {
            json.WriteNull(NameOf(side));
            return;
        }
        json.WriteStartObject(NameOf(side));
        WriteArea(json, lung.Area, spacing);
        WritePlace(json, lung.Left, lung.Top, lung.Right, lung.Bottom, lung.CenterX, lung.CenterY);
        json.WriteNumber("components", lung.Parts);
        json.WriteEndObject();
    }

    private static void WriteArea(Utf8JsonWriter json, int area, PixelSpacing? spacing)
    {
        json.WriteNumber("area_px", area);
        if (spacing is { } s)
            json.WriteNumber("area_mm2", Math.Round(area * s.SquareMillimetres, 2));
        else
            json.WriteNull("area_mm2");
    }

    /// <summary>The box as x, y, width, height, as COCO has it; the centre in the same coordinates, pixel centres at whole numbers.</summary>
    private static void WritePlace(Utf8JsonWriter json, int left, int top, int right, int bottom, double x, double y)
    {
        json.WriteStartArray("box_px");
        foreach (int value in (ReadOnlySpan<int>)[left, top, right - left, bottom - top])
            json.WriteNumberValue(value);
        json.WriteEndArray();
        json.WriteStartArray("centroid_px");
        json.WriteNumberValue(Math.Round(x, 2));
        json.WriteNumberValue(Math.Round(y, 2));
        json.WriteEndArray();
    }
}
