namespace LungSeg.Imaging.Dicom.Display;

/// <summary>From stored values to the modality's units (DICOM PS3.3, C.11.1): a lookup table, or slope and intercept.</summary>
internal static class ModalityTransform
{
    private const string Topic = "modality LUT";

    public static void Apply(GreyScale scale, DataSet data, ImagePixel image, DecisionLog log)
    {
        if (data.FirstItem(Tags.ModalityLutSequence) is { } item && LookupTable.ReadUsable(Topic, item, image.IsSigned, log) is { } table)
        {
            for (int i = 0; i < scale.Values.Length; i++)
                scale.Values[i] = table.Find(scale.Values[i]);
            scale.Mapping = scale.Mapping with { ModalityTable = table };
            (scale.Lowest, scale.Highest, scale.Bits) = (0, table.MaxValue, table.Bits);
            log.Note(Topic, $"table of {table.Entries.Length} entries from {table.First} on, {table.Bits} bits");
            return;
        }
        if (!data.Has(Tags.RescaleSlope) && !data.Has(Tags.RescaleIntercept))
        {
            log.Note(Topic, "none");
            return;
        }
        double[]? slopes = data.Has(Tags.RescaleSlope) ? data.Decimals(Tags.RescaleSlope) : [1];
        double[]? intercepts = data.Has(Tags.RescaleIntercept) ? data.Decimals(Tags.RescaleIntercept) : [0];
        if (slopes is not [var slope, ..] || intercepts is not [var intercept, ..] || slope == 0 || Math.Abs(slope) > 1e9
            || Math.Abs(intercept) > 1e12)
        {
            (string a, string b) =
                (ImagePixel.Printable(data.Text(Tags.RescaleSlope)), ImagePixel.Printable(data.Text(Tags.RescaleIntercept)));
            log.Warn(Topic, $"rescale slope \"{a}\" and intercept \"{b}\" make no scale, and were left out");
            return;
        }
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = scale.Values[i] * slope + intercept;
        scale.Mapping = scale.Mapping with { Rescale = (slope, intercept) };
        (double one, double other) = (scale.Lowest * slope + intercept, scale.Highest * slope + intercept);
        (scale.Lowest, scale.Highest) = (Math.Min(one, other), Math.Max(one, other));
        log.Note(Topic, $"rescale slope {slope}, intercept {intercept}");
    }
}
