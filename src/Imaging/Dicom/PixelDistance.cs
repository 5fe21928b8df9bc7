namespace LungSeg.Imaging.Dicom;

/// <summary>
/// The distance between pixels in millimetres and where it is from (DICOM PS3.3, 10.7): calibrated spacing, else spacing at the
/// detector divided by the magnification, else spacing of the scanned film; none where the file states none.
/// </summary>
internal static class PixelDistance
{
    private const string Topic = "spacing";

    public static PixelSpacing? Find(DataSet data, DecisionLog log)
    {
        PixelSpacing? stated = Read(data, Tags.PixelSpacing, log), imager = Read(data, Tags.ImagerPixelSpacing, log);
        string calibration = ImagePixel.Printable(data.Text(Tags.PixelSpacingCalibrationType));
        if (stated is { } calibrated && (calibration.Length > 0 || imager is null || imager != calibrated))
        {
            string text = $"{Text(calibrated)} from {Tags.Describe(Tags.PixelSpacing)}";
            if (calibration.Length > 0)
                log.Note(Topic, $"{text}, calibrated ({calibration})");
            else if (imager is not null)
                log.Warn(Topic, $"{text}, which differs from {Tags.Describe(Tags.ImagerPixelSpacing)} without saying how it was calibrated");
            else
                log.Note(Topic, $"{text}; whether in the patient or at the detector is not stated");
            return calibrated;
        }
        if (imager is { } detector)
            return AtPatient(detector, data, log);
        if (Read(data, Tags.NominalScannedPixelSpacing, log) is { } film)
        {
            log.Note(Topic, $"{Text(film)} from {Tags.Describe(Tags.NominalScannedPixelSpacing)}, on the film");
            return film;
        }
        string aspect = ImagePixel.Printable(data.Text(Tags.PixelAspectRatio));
        if (aspect.Length > 0 && !(data.Decimals(Tags.PixelAspectRatio) is [var v, var h] && v == h))
            log.Warn(Topic, $"none in the file; pixels are not square ({Tags.Describe(Tags.PixelAspectRatio)} {aspect})");
        else
            log.Note(Topic, "none in the file; no lengths or areas in millimetres");
        return null;
    }

    private static PixelSpacing AtPatient(PixelSpacing detector, DataSet data, DecisionLog log)
    {
        string text = $"from {Tags.Describe(Tags.ImagerPixelSpacing)}";
        string stated = ImagePixel.Printable(data.Text(Tags.MagnificationFactor));
        if (data.Decimals(Tags.MagnificationFactor) is [>= 1 and <= 10 and var factor, ..])
        {
            PixelSpacing patient = new(detector.RowMillimetres / factor, detector.ColumnMillimetres / factor);
            log.Note(Topic, $"{Text(patient)} {text}, divided by a magnification of {factor} ({Tags.Describe(Tags.MagnificationFactor)})");
            return patient;
        }
        if (stated.Length > 0)
            log.Warn(Topic, $"{Text(detector)} {text}, at the detector; a magnification of \"{stated}\" was left out");
        else
            log.Note(Topic, $"{Text(detector)} {text}, at the detector: larger than in the patient by an unknown magnification");
        return detector;
    }

    /// <summary>Row spacing (between rows) first, then column spacing.</summary>
    private static PixelSpacing? Read(DataSet data, uint tag, DecisionLog log)
    {
        if (!data.Has(tag))
            return null;
        if (data.Decimals(tag) is [> 0.001 and < 100 and var rows, > 0.001 and < 100 and var columns])
            return new PixelSpacing(rows, columns);
        log.Warn(Topic, $"{Tags.Describe(tag)} \"{ImagePixel.Printable(data.Text(tag))}\" was left out: two lengths in millimetres were expected");
        return null;
    }

    private static string Text(PixelSpacing s) =>
        s.RowMillimetres == s.ColumnMillimetres ? $"{s.RowMillimetres:0.#####} mm" : $"{s.RowMillimetres:0.#####} mm between rows, {s.ColumnMillimetres:0.#####} mm between columns";
}
