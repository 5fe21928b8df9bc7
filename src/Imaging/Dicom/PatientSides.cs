namespace LungSeg.Imaging.Dicom;

/// <summary>Left and right by Patient Orientation (0020,0020): where rows point to, then where columns do.</summary>
internal static class PatientSides
{
    private const string Topic = "orientation";

    /// <summary>
    /// True where the patient's left is on the right of the image, false where it is on the left, null where the file does not say.
    /// </summary>
    public static bool? LeftIsOnTheRight(DataSet data, DecisionLog log)
    {
        string text = ImagePixel.Printable(data.Text(Tags.PatientOrientation));
        if (text.Length == 0)
        {
            log.Note(Topic, "not stated; which side is the patient's left is unknown");
            return null;
        }
        string[] parts = text.Split('\\');
        (char row, char column) = parts is [[var r, ..], [var c, ..]] ? (r, c) : (' ', ' ');
        if (row is not ('L' or 'R'))
        {
            log.Warn(Topic, $"\"{text}\" is not a frontal view; which side is the patient's left is unknown");
            return null;
        }
        string side = $"the patient's left is on the {(row == 'L' ? "right" : "left")} of the image ({text})";
        if (column == 'F')
            log.Note(Topic, side);
        else
            log.Warn(Topic, $"{side}; the feet are not at the bottom");
        return row == 'L';
    }
}
