using System.Text.Json;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Information;

/// <summary>What was read from one file, or why it was refused and what had been decided by then.</summary>
internal sealed record PictureCard(string File, Radiograph? Picture, LungSegException? Refusal, IReadOnlyList<Decision> Decisions)
{
    private const int Label = 16;

    public static PictureCard Of(string path, DicomOptions options)
    {
        try
        {
            Radiograph picture = ImageReader.Read(path, options);
            return new PictureCard(path, picture, null, picture.Decisions);
        }
        catch (LungSegException e)
        {
            return new PictureCard(path, null, e, e is ImageException { Decisions: var decisions } ? decisions : []);
        }
    }

    public void Write(TextWriter output)
    {
        if (Picture is null && Decisions.Count == 0) return;
        output.WriteLine(Printable.Of(File));
        if (Picture is { } picture)
        {
            Line("format", picture.Description);
            Line("size", $"{picture.Width} x {picture.Height} pixels, {(picture.Channels == 1 ? "grey" : "colour")}, {picture.BitDepth} bits");
            (int lowest, int median, int highest) = picture.Range();
            Line("range", $"{lowest} to {highest}, median {median}, of 0 to {picture.MaxValue}");
            if (picture.Dicom is null)
            {
                Line("spacing", "none in the file; no lengths or areas in millimetres");
                Line("orientation", "not stated; the patient's left is taken to be on the right of the picture");
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
        if (Picture is { } picture)
        {
            JsonPicture.Write(json, picture);
            (int lowest, int median, int highest) = picture.Range();
            json.WriteStartObject("range");
            json.WriteNumber("lowest", lowest);
            json.WriteNumber("median", median);
            json.WriteNumber("highest", highest);
            json.WriteNumber("of", picture.MaxValue);
            json.WriteEndObject();
        }
        else
        {
            JsonPicture.WriteDecisions(json, Decisions);
        }
        json.WriteEndObject();
    }
}
