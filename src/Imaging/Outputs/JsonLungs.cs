using System.Text.Json;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Quality;

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
        ChestMeasures chest = result.Chest;
        WriteNumber(json, "area_ratio_right_to_left", chest.AreaRatio, 5);
        WriteNumber(json, "height_ratio_right_to_left", chest.HeightRatio, 5);
        WriteLength(json, "right_apex_below_left", chest.ApexDifference, spacing?.RowMillimetres);
        WriteLength(json, "right_base_below_left", chest.BaseDifference, spacing?.RowMillimetres);
        WriteSpan(json, chest.WidestSpan, spacing);
        json.WriteString("uncertainty_from", result.MirrorProbabilities is null ? "image" : "image and mirror image");
        LungUncertainty uncertainty = result.Uncertainty;
        foreach (LungSide side in Enum.GetValues<LungSide>())
            WriteLung(json, side, statistics.Of(side), chest.Of(side), uncertainty.Of(side), spacing);
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

    private static void WriteLung(Utf8JsonWriter json, LungSide side, Lung? lung, LungMeasures? measures, double? uncertainty,
        PixelSpacing? spacing)
    {
        if (lung is null || measures is null)
        {
            json.WriteNull(NameOf(side));
            return;
        }
        json.WriteStartObject(NameOf(side));
        WriteArea(json, lung.Area, spacing);
        WritePlace(json, lung.Left, lung.Top, lung.Right, lung.Bottom, lung.CenterX, lung.CenterY);
        WriteLength(json, "width", measures.Width, spacing?.ColumnMillimetres);
        WriteLength(json, "height", measures.Height, spacing?.RowMillimetres);
        WritePoint(json, "apex_px", measures.Apex.X, measures.Apex.Y);
        WritePoint(json, "base_px", measures.Base.X, measures.Base.Y);
        WriteNumber(json, "uncertain_ratio", uncertainty, 5);
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

    /// <summary>
    /// The box as x, y, width, height, as COCO has it; the centre in the same coordinates, pixel centres at whole numbers.
    /// </summary>
    private static void WritePlace(Utf8JsonWriter json, int left, int top, int right, int bottom, double x, double y)
    {
        json.WriteStartArray("box_px");
        foreach (int value in (ReadOnlySpan<int>)[left, top, right - left, bottom - top])
            json.WriteNumberValue(value);
        json.WriteEndArray();
        WritePoint(json, "centroid_px", x, y);
    }

    private static void WritePoint(Utf8JsonWriter json, string name, double x, double y)
    {
        json.WriteStartArray(name);
        json.WriteNumberValue(Math.Round(x, 2));
        json.WriteNumberValue(Math.Round(y, 2));
        json.WriteEndArray();
    }

    /// <summary>The widest row from the outer edge of one lung to that of the other.</summary>
    private static void WriteSpan(Utf8JsonWriter json, LungSpan? span, PixelSpacing? spacing)
    {
        if (span is not { } s)
        {
            json.WriteNull("widest_span");
            return;
        }
        json.WriteStartObject("widest_span");
        json.WriteNumber("row", s.Row);
        json.WriteNumber("left", s.Left);
        json.WriteNumber("right", s.Right);
        WriteLength(json, "width", s.Width, spacing?.ColumnMillimetres);
        json.WriteEndObject();
    }

    /// <summary>A length in pixels, and in millimetres or null.</summary>
    private static void WriteLength(Utf8JsonWriter json, string name, int? pixels, double? millimetres)
    {
        WriteNumber(json, $"{name}_px", pixels, 0);
        WriteNumber(json, $"{name}_mm", pixels * millimetres, 2);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value, int digits)
    {
        if (value is { } number)
            json.WriteNumber(name, Math.Round(number, digits));
        else
            json.WriteNull(name);
    }
}
