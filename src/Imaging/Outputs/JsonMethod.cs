using System.Text.Json;

namespace LungSeg.Imaging.Outputs;

/// <summary>The member "method": network, weights and settings.</summary>
internal static class JsonMethod
{
    public static void Write(Utf8JsonWriter json, SegmentationMethod method)
    {
        json.WriteStartObject("method");
        json.WriteString("network", method.Network);
        json.WriteString("weights", Path.GetFileName(method.Weights));
        json.WriteNumber("network_size", method.NetworkSize);
        json.WriteNumber("threshold", method.Threshold);
        json.WriteString("mode", method.Mode);
        if (method.Contrast is { } stretch)
        {
            json.WriteStartArray("contrast_stretch");
            json.WriteNumberValue(stretch.Low);
            json.WriteNumberValue(stretch.High);
            json.WriteEndArray();
        }
        else
        {
            json.WriteNull("contrast_stretch");
        }
        json.WriteString("device", method.Device);
        json.WriteEndObject();
    }
}
