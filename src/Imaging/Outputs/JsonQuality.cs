using System.Text.Json;
using LungSeg.Imaging.Quality;

namespace LungSeg.Imaging.Outputs;

/// <summary>The member "measures": the numbers that flags follow from.</summary>
internal static class JsonQuality
{
    public static void Write(Utf8JsonWriter json, QualityMeasures m)
    {
        json.WriteStartObject("measures");
        WriteNumber(json, "lung_share", m.LungShare);
        WriteNumber(json, "uncertain_ratio", m.UncertainRatio);
        WriteNumber(json, "contrast", m.Contrast);
        WriteNumber(json, "second_part_share", m.SecondPartShare);
        WriteNumber(json, "tilt_degrees", m.TiltDegrees);
        WriteNumber(json, "bottom_over_top", m.BottomOverTop);
        WriteNumber(json, "left_right_symmetry", m.LeftRightSymmetry);
        WriteNumber(json, "top_bottom_symmetry", m.TopBottomSymmetry);
        WriteNumber(json, "color_share", m.ColorShare);
        WriteNumber(json, "hue_concentration", m.HueConcentration);
        WriteNumber(json, "brightest", m.Brightest);
        WriteNumber(json, "island_fill", m.IslandFill);
        json.WriteStartArray("cut_shares");
        foreach (double share in m.CutShares)
            json.WriteNumberValue(Math.Round(share, 5));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
            json.WriteNumber(name, Math.Round(number, 5));
        else
            json.WriteNull(name);
    }
}
