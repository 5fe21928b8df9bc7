namespace LungSeg.Imaging.Dicom;

/// <summary>
/// The distance between pixels in millimetres and where it is from (DICOM PS3.3, 10.7): calibrated spacing, else spacing at the
/// detector divided by the magnification, else spacing of the scanned film; none where the file states none.
/// </summary>
internal static class PixelDistance
{
    private const string Topic = "spacing";

    /// <summary>The spacing and the element that it is from, with what it means; null and "" where the file states none.</summary>
    public static (PixelSpacing? Spacing, string Source, SpacingPlane Plane) Find(DataSet data, DecisionLog log)
    {
        PixelSpacing? stated = Read(data, Tags.PixelSpacing, log), imager = Read(data, Tags.ImagerPixelSpacing, log);
        string calibration = ImagePixel.Printable(data.Text(Tags.PixelSpacingCalibrationType));
        string element = Tags.Describe(Tags.PixelSpacing);
        if (stated is { } calibrated && calibration.Length > 0)
            return Note(calibrated, $"{element}, calibrated ({calibration})", SpacingPlane.Patient, log);
        if (stated is { } other && imager is not null && imager != other)
            return Note(other, $"{element}, which differs from {Tags.Describe(Tags.ImagerPixelSpacing)} without saying how it was "
                + "calibrated", SpacingPlane.Unstated, log, isWarning: true);
        if (stated is { } alone && imager is null)
            return Note(alone, $"{element}; whether in the patient or at the detector is not stated", SpacingPlane.Unstated, log);
        if (imager is { } detector)
            return AtPatient(detector, data, log);
        if (Read(data, Tags.NominalScannedPixelSpacing, log) is { } film)
            return Note(film, $"{Tags.Describe(Tags.NominalScannedPixelSpacing)}, on the film", SpacingPlane.Film, log);
        string aspect = ImagePixel.Printable(data.Text(Tags.PixelAspectRatio));
        if (aspect.Length > 0 && !(data.Decimals(Tags.PixelAspectRatio) is [var v, var h] && v == h))
            log.Warn(Topic, $"none in the file; pixels are not square ({Tags.Describe(Tags.PixelAspectRatio)} {aspect})");
        else
            log.Note(Topic, "none in the file; no lengths or areas in millimetres");
        return (null, "", SpacingPlane.Unstated);
    }

    private static (PixelSpacing?, string, SpacingPlane) AtPatient(PixelSpacing detector, DataSet data, DecisionLog log)
    {
        string element = Tags.Describe(Tags.ImagerPixelSpacing), stated = ImagePixel.Printable(data.Text(Tags.MagnificationFactor));
        if (data.Decimals(Tags.MagnificationFactor) is [>= 1 and <= 10 and var factor, ..])
        {
            PixelSpacing patient = new(detector.RowMillimetres / factor, detector.ColumnMillimetres / factor);
            return Note(patient, $"{element}, divided by a magnification of {factor} ({Tags.Describe(Tags.MagnificationFactor)})",
                SpacingPlane.Patient, log);
        }
        return stated.Length > 0
            ? Note(detector, $"{element}, at the detector; a magnification of \"{stated}\" was left out", SpacingPlane.Detector, log,
                isWarning: true)
            : Note(detector, $"{element}, at the detector: larger than in the patient by an unknown magnification", SpacingPlane.Detector,
                log);
    }

    private static (PixelSpacing?, string, SpacingPlane) Note(PixelSpacing spacing, string source, SpacingPlane plane, DecisionLog log,
        bool isWarning = false)
    {
        string text = $"{Text(spacing)} from {source}";
        if (isWarning)
            log.Warn(Topic, text);
        else
            log.Note(Topic, text);
        return (spacing, source, plane);
    }

    /// <summary>Row spacing (between rows) first, then column spacing.</summary>
    private static PixelSpacing? Read(DataSet data, uint tag, DecisionLog log)
    {
        if (!data.Has(tag))
            return null;
        if (data.Decimals(tag) is [> 0.001 and < 100 and var rows, > 0.001 and < 100 and var columns])
            return new PixelSpacing(rows, columns);
        log.Warn(Topic, $"{Tags.Describe(tag)} \"{ImagePixel.Printable(data.Text(tag))}\" was left out: two lengths in millimetres were "
            + "expected");
        return null;
    }

    private static string Text(PixelSpacing s) =>
        s.RowMillimetres == s.ColumnMillimetres ? $"{s.RowMillimetres:0.#####} mm"
            : $"{s.RowMillimetres:0.#####} mm between rows, {s.ColumnMillimetres:0.#####} mm between columns";
}
