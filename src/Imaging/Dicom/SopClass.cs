namespace LungSeg.Imaging.Dicom;

/// <summary>What kind of object a file holds, by its SOP Class UID.</summary>
internal static class SopClass
{
    private const string Storage = "1.2.840.10008.5.1.4.1.1.";

    public const string Segmentation = Storage + "66.4", SecondaryCapture = Storage + "7";

    public static string Describe(string uid) => uid switch
    {
        "" => "no SOP class",
        Storage + "1" => "Computed Radiography",
        Storage + "1.1" => "Digital X-Ray for presentation",
        Storage + "1.1.1" => "Digital X-Ray for processing",
        SecondaryCapture => "Secondary Capture",
        Storage + "7.1" or Storage + "7.2" or Storage + "7.3" or Storage + "7.4" => "Multi-frame Secondary Capture",
        Storage + "1.2" or Storage + "1.2.1" => "Mammography",
        Storage + "1.3" or Storage + "1.3.1" => "Intra-oral X-Ray",
        Storage + "2" or Storage + "2.1" => "CT",
        Storage + "4" or Storage + "4.1" => "MR",
        Storage + "6.1" or Storage + "3.1" => "Ultrasound",
        Storage + "12.1" or Storage + "12.2" => "X-Ray angiography or fluoroscopy",
        Storage + "20" => "Nuclear Medicine",
        Storage + "128" => "PET",
        Segmentation => "Segmentation",
        Storage + "11.1" => "Grayscale Softcopy Presentation State",
        Storage + "104.1" => "Encapsulated PDF",
        _ when uid.StartsWith(Storage + "88.", StringComparison.Ordinal) => "Structured Report",
        _ => $"SOP class {ImagePixel.Printable(uid)}",
    };

    /// <summary>Notes what was acquired, and warns where it is not a frontal radiograph of the chest.</summary>
    public static void Note(DataSet data, DecisionLog log)
    {
        (string uid, string modality) = (data.Text(Tags.SopClassUid), ImagePixel.Printable(data.Text(Tags.Modality)));
        string text = $"{Describe(uid)}, modality {(modality.Length > 0 ? modality : "not stated")}";
        bool projection = modality is "CR" or "DX" or "RG" or "OT" or "" && uid is Storage + "1" or Storage + "1.1" or Storage + "1.1.1" or Storage + "7"
            or Storage + "7.1" or Storage + "7.2" or Storage + "7.3" or Storage + "7.4" or "";
        if (projection)
            log.Note("object", text);
        else
            log.Warn("object", $"{text}: not projection radiography, for which the networks were trained");
        if (data.Text(Tags.PresentationIntentType) == "FOR PROCESSING")
            log.Warn("intent", "for processing: raw detector values that the manufacturer did not mean to be looked at");
        if (data.Text(Tags.ViewPosition) is { Length: > 0 } view)
        {
            if (view is "AP" or "PA")
                log.Note("view", view);
            else
                log.Warn("view", $"{ImagePixel.Printable(view)}: AP or PA (frontal) was expected");
        }
        if (data.Text(Tags.BodyPartExamined) is { Length: > 0 } part && part is not ("CHEST" or "THORAX" or "LUNG"))
            log.Warn("body part", $"{ImagePixel.Printable(part)}: CHEST was expected");
        if (data.Text(Tags.BurnedInAnnotation) == "YES")
            log.Warn("annotation", "the file states text burned into the pixels");
    }
}
