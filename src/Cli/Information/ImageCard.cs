using System.Text.Json;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Information;

/// <summary>What was read from one file, or why it was refused and what had been decided by then.</summary>
internal sealed record ImageCard(string File, Radiograph? Image, LungSegException? Refusal, IReadOnlyList<Decision> Decisions)
{
    private const int Label = 16;

    public static ImageCard Of(string path, DicomOptions options)
    {
        try
        {
            Radiograph image = ImageReader.Read(path, options);
            return new ImageCard(path, image, null, image.Decisions);
        }
        catch (LungSegException e)
        {
            return new ImageCard(path, null, e, e is ImageException { Decisions: var decisions } ? decisions : []);
        }
    }

    public void Write(TextWriter output)
    {
        if (Image is null && Decisions.Count == 0) return;
        output.WriteLine(Printable.Of(File));
        if (Image is { } image)
        {
            Line("format", image.Description);
            Line("size", $"{image.Width} x {image.Height} pixels, {(image.Channels == 1 ? "grey" : "colour")}, {image.BitDepth} bits");
            (int lowest, int median, int highest) = image.Range();
            Line("range", $"{lowest} to {highest}, median {median}, of 0 to {image.MaxValue}");
            if (image.Dicom is null)
            {
                Line("spacing", "none in the file; no lengths or areas in millimetres");
                Line("orientation", "not stated; the patient's left is taken to be on the right of the image");
            }
        }
        foreach (Decision decision in Decisions)
            Line(decision.Topic, decision.IsWarning ? $"warning: {decision.Text}" : decision.Text);

        void Line(string label, string text) => output.WriteLine(Printable.Of($"  {label.PadRight(Label)} {text}"));
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", File);
        json.WriteString("refused", Refusal is null ? null : CommandLine.Message(Refusal));
        if (Image is { } image)
        {
            JsonImage.Write(json, image);
            (int lowest, int median, int highest) = image.Range();
            json.WriteStartObject("range");
            json.WriteNumber("lowest", lowest);
            json.WriteNumber("median", median);
            json.WriteNumber("highest", highest);
            json.WriteNumber("of", image.MaxValue);
            json.WriteEndObject();
        }
        else
        {
            JsonImage.WriteDecisions(json, Decisions);
        }
        json.WriteEndObject();
    }
}
