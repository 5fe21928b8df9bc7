using System.Text.Json;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Outputs;

/// <summary>The member "image": what was read, and every decision on the way. Patient names and numbers are left out.</summary>
internal static class JsonImage
{
    /// <summary>Writes the member into an open object.</summary>
    public static void Write(Utf8JsonWriter json, Radiograph image) => Write(json, image, image.Decisions);

    /// <summary>Writes the member into an open object, with decisions that were made after reading as well.</summary>
    internal static void Write(Utf8JsonWriter json, Radiograph image, IReadOnlyList<Decision> decisions)
    {
        json.WriteStartObject("image");
        json.WriteString("file", image.Name);
        json.WriteString("format", image.Description);
        json.WriteNumber("width", image.Width);
        json.WriteNumber("height", image.Height);
        json.WriteNumber("channels", image.Channels);
        json.WriteNumber("bits", image.BitDepth);
        WriteSpacing(json, image.Spacing, image.SpacingSource);
        json.WritePropertyName("patient_left_is_on_the_right");
        if (image.PatientLeftIsOnTheRight is { } side)
            json.WriteBooleanValue(side);
        else
            json.WriteNullValue();
        if (image.Dicom is { } dicom)
            WriteDicom(json, dicom);
        WriteDecisions(json, decisions);
        json.WriteEndObject();
    }

    /// <summary>Writes the member "decisions" into an open object.</summary>
    public static void WriteDecisions(Utf8JsonWriter json, IReadOnlyList<Decision> decisions)
    {
        json.WriteStartArray("decisions");
        foreach (Decision decision in decisions)
        {
            json.WriteStartObject();
            json.WriteString("topic", decision.Topic);
            json.WriteString("text", decision.Text);
            json.WriteBoolean("warning", decision.IsWarning);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSpacing(Utf8JsonWriter json, PixelSpacing? spacing, string source)
    {
        if (spacing is not { } s)
        {
            json.WriteNull("spacing_mm");
            return;
        }
        json.WriteStartObject("spacing_mm");
        json.WriteNumber("rows", s.RowMillimetres);
        json.WriteNumber("columns", s.ColumnMillimetres);
        json.WriteString("source", source);
        json.WriteEndObject();
    }

    private static void WriteDicom(Utf8JsonWriter json, DicomReference dicom)
    {
        json.WriteStartObject("dicom");
        json.WriteString("sop_class_uid", dicom.SopClassUid);
        json.WriteString("sop_instance_uid", dicom.SopInstanceUid);
        json.WriteString("study_instance_uid", dicom.StudyInstanceUid);
        json.WriteString("series_instance_uid", dicom.SeriesInstanceUid);
        json.WriteString("transfer_syntax_uid", dicom.TransferSyntaxUid);
        json.WriteString("modality", dicom.Modality);
        json.WriteString("view_position", dicom.ViewPosition);
        json.WriteString("patient_orientation", dicom.PatientOrientation);
        json.WriteNumber("frame", dicom.Frame);
        json.WriteNumber("frames", dicom.Frames);
        json.WriteEndObject();
    }
}
