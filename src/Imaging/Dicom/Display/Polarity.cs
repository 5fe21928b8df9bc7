namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// Whether dark and bright are exchanged: MONOCHROME1 and presentation LUT shape INVERSE each say so, and it is done once.
/// </summary>
internal static class Polarity
{
    private const string Topic = "inversion";

    public static bool IsInverted(DataSet data, ImagePixel image, Inversion choice, DecisionLog log)
    {
        string shape = data.Code(Tags.PresentationLutShape, log);
        bool first = image.Photometric == "MONOCHROME1";
        string said = shape.Length > 0 ? $"{image.Photometric}, presentation LUT shape {ImagePixel.Printable(shape)}" : image.Photometric;
        if (choice != Inversion.Auto)
        {
            log.Note(Topic, $"{(choice == Inversion.On ? "on" : "off")}, as asked (the file is {said})");
            return choice == Inversion.On;
        }
        bool inverted = first || shape == "INVERSE";
        string text = $"{(inverted ? "on" : "off")} ({said})";
        if (shape is "INVERSE" or "IDENTITY" && first != (shape == "INVERSE"))
            log.Warn(Topic, $"{text}, which contradict each other");
        else
            log.Note(Topic, text);
        return inverted;
    }
}
