using System.Text.Json;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Imaging.Scoring;

/// <summary>What is written of a score.</summary>
/// <param name="Lungs">The lungs, and how they were found.</param>
/// <param name="Canvas">The image on which both masks lie.</param>
/// <param name="LungMask">The lungs on it.</param>
/// <param name="Lesions">The lesions on it.</param>
/// <param name="Score">The score.</param>
/// <param name="Threshold">The share of a third above which it counts.</param>
/// <param name="Method">The lesion network: its key, weights file and input size.</param>
/// <param name="Label">The network's probability that there are lesions at all; null for a network without a label.</param>
internal sealed record ScoreReport(
    LungSegmentation Lungs, Radiograph Canvas, LungMask LungMask, LungMask Lesions, LesionScore Score, double Threshold,
    (string Network, string Weights, int Size) Method, float? Label)
{
    private const int LesionPercent = 45;

    // Okabe and Ito's vermilion.
    private static readonly byte[] LesionColor = [213, 94, 0];

    /// <summary>The files of a score, by what their names end in.</summary>
    public IReadOnlyList<(string Extension, Action<Stream> Write)> Files =>
    [
        (".score.json", WriteJson),
        (".lesions.png", stream => ImageWriter.WritePng(stream, Lesions)),
        (".score.png", stream => ImageWriter.WritePng(stream, Canvas.Width, Canvas.Height, 3, Overlay())),
    ];

    /// <summary>Writes the report's members into an object that is open.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteNumber("score", Score.At(Threshold));
        json.WriteNumber("score_threshold", Threshold);
        json.WriteStartArray("thirds");
        foreach (LungThird third in Score.Thirds)
        {
            json.WriteStartObject();
            json.WriteString("name", third.Name);
            json.WriteNumber("pixels", third.Pixels);
            json.WriteNumber("lesion_pixels", third.LesionPixels);
            json.WriteNumber("ratio", Math.Round(third.Ratio, 9));
            json.WriteBoolean("counts", third.Ratio > Threshold);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartObject("lesions");
        json.WriteString("network", Method.Network);
        json.WriteString("weights", Path.GetFileName(Method.Weights));
        json.WriteNumber("network_size", Method.Size);
        if (Label is { } label) json.WriteNumber("label", Math.Round(label, 6));
        else json.WriteNull("label");
        json.WriteNumber("lung_pixels", LungMask.Area);
        json.WriteNumber("lesion_pixels", Lesions.Area);
        json.WriteEndObject();
    }

    private void WriteJson(Stream stream)
    {
        using Utf8JsonWriter json = new(stream, JsonWriter.Options);
        json.WriteStartObject();
        json.WriteString("program", $"{Software.Name} {Software.Version}");
        JsonFacts.WriteMethod(json, Lungs.Method);
        JsonImage.Write(json, Lungs.Image, Lungs.Decisions);
        WriteMembers(json);
        json.WriteEndObject();
    }

    private byte[] Overlay()
    {
        byte[] rgb = Imaging.Overlay.Draw(Canvas, SidedMask.Of(LungMask, Lungs.Image.PatientLeftIsOnTheRight));
        for (int i = 0; i < rgb.Length; i++)
        {
            if (Lesions.Pixels[i / 3] == 0) continue;
            rgb[i] = (byte)(((rgb[i] * (100 - LesionPercent)) + (LesionColor[i % 3] * LesionPercent)) / 100);
        }
        return rgb;
    }
}
