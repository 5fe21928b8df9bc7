namespace LungSeg.Imaging.Dicom;

/// <summary>What kind of object a file holds, by its SOP Class UID.</summary>
internal static class SopClass
{
    /// <summary>This program as the manufacturer of what it writes.</summary>
    private const string Program = "LungSeg";

    private const string Storage = "1.2.840.10008.5.1.4.1.1.", Directory = "1.2.840.10008.1.3.10";

    public const string Segmentation = Storage + "66.4", LabelMapSegmentation = Storage + "66.7", SecondaryCapture = Storage + "7",
        PresentationState = Storage + "11.1", ComprehensiveReport = Storage + "88.33";

    public static bool IsSegmentation(string uid) => uid is Segmentation or LabelMapSegmentation;

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
        LabelMapSegmentation => "Label Map Segmentation",
        PresentationState => "Grayscale Softcopy Presentation State",
        Storage + "104.1" => "Encapsulated PDF",
        _ when uid.StartsWith(Storage + "88.", StringComparison.Ordinal) => "Structured Report",
        _ => $"SOP class {ImagePixel.Printable(uid)}",
    };

    /// <summary>Whether a file's meta information is that of a DICOMDIR.</summary>
    public static bool IsDirectory(DataSet meta) => meta.Text(Tags.MediaStorageSopClassUid) == Directory;

    /// <summary>
    /// What an object is that is no acquired image: "segmentation", "presentation state", ...; null for an image. By its SOP class and, for
    /// captures of this program's own, by manufacturer, image type and the root of its identifiers.
    /// </summary>
    public static string? NoImage(DataSet data, DataSet meta)
    {
        string uid = data.Text(Tags.SopClassUid) is { Length: > 0 } stated ? stated : meta.Text(Tags.MediaStorageSopClassUid);
        if (uid is SecondaryCapture or Storage + "7.4" && data.Text(Tags.Manufacturer) == Program
            && data.Text(Tags.ImageType).StartsWith("DERIVED", StringComparison.OrdinalIgnoreCase)
            && data.Text(Tags.SopInstanceUid).StartsWith("2.25.", StringComparison.Ordinal))
            return $"capture by {Program}";
        if (uid == Directory)
            return "DICOMDIR";
        if (!uid.StartsWith(Storage, StringComparison.Ordinal))
            return uid.StartsWith("1.2.840.10008.5.1.4.", StringComparison.Ordinal) ? "other object" : null;
        string[] numbers = uid[Storage.Length..].Split('.');
        return numbers switch
        {
            ["66", "4" or "5" or "6" or "7" or "8"] => "segmentation",
            ["66", ..] or ["67"] or ["68", ..] or ["78", ..] or ["79", ..] or ["80", ..] or ["90", ..] => "other object",
            ["88", "59"] => "key object selection",
            ["88", ..] => "structured report",
            ["11", ..] => "presentation state",
            ["104", ..] => "encapsulated document",
            ["9", ..] => "waveform",
            ["481", "1"] => null,
            ["481", ..] => "radiotherapy object",
            _ => null,
        };
    }

    /// <summary>Notes what was acquired, and warns where it is not a frontal radiograph of the chest.</summary>
    public static void Note(DataSet data, DecisionLog log)
    {
        (string uid, string modality) = (data.Text(Tags.SopClassUid), ImagePixel.Printable(data.Code(Tags.Modality, log)));
        string text = $"{Describe(uid)}, modality {(modality.Length > 0 ? modality : "not stated")}";
        bool projection = modality is "CR" or "DX" or "RG" or "OT" or ""
            && uid is Storage + "1" or Storage + "1.1" or Storage + "1.1.1" or Storage + "7"
            or Storage + "7.1" or Storage + "7.2" or Storage + "7.3" or Storage + "7.4" or "";
        if (projection)
            log.Note("object", text);
        else
            log.Warn("object", $"{text}: not projection radiography, for which the networks were trained");
        if (data.Code(Tags.PresentationIntentType, log) == "FOR PROCESSING")
            log.Warn("intent", "for processing: raw detector values that the manufacturer did not mean to be looked at");
        if (data.Code(Tags.ViewPosition, log) is { Length: > 0 } view)
        {
            if (view is "AP" or "PA")
                log.Note("view", view);
            else
                log.Warn("view", $"{ImagePixel.Printable(view)}{(view is "LL" or "RL" or "LAT" or "LATERAL" ? " (lateral)" : "")}: AP or "
                    + "PA (frontal) was expected");
        }
        if (data.Code(Tags.BodyPartExamined, log) is { Length: > 0 } part && part is not ("CHEST" or "THORAX" or "LUNG"))
            log.Warn("body part", $"{ImagePixel.Printable(part)}: CHEST was expected");
        if (data.Code(Tags.BurnedInAnnotation, log) == "YES")
            log.Warn("annotation", "the file states text burned into the pixels");
    }
}
