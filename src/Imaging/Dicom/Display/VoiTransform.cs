using LungSeg.IO;

namespace LungSeg.Imaging.Dicom.Display;

/// <summary>From the modality's units to 0 ... 1 (DICOM PS3.3, C.11.2): values of interest by a lookup table, a window or a range.</summary>
internal static class VoiTransform
{
    private const string Topic = "VOI";

    /// <summary><paramref name="present"/> tells which stored values the picture has, padding left out.</summary>
    public static void Apply(GreyScale scale, DataSet data, bool[] present, Voi choice, DecisionLog log)
    {
        if (choice == Voi.None)
            WholeRange(scale, log, "as asked");
        else if (choice == Voi.MinMax)
            MinMax(scale, present, log, "as asked");
        else if (data.FirstItem(Tags.VoiLutSequence) is { } item)
            Table(scale, item, log);
        else if (data.Has(Tags.WindowCenter) || data.Has(Tags.WindowWidth))
            Window(scale, data, log);
        else if (scale.Bits <= 8)
            WholeRange(scale, log, "the file has no VOI, its values are 8-bit");
        else
            MinMax(scale, present, log, "the file has no VOI");
        scale.Lowest = 0;
        scale.Highest = 1;
    }

    private static void Table(GreyScale scale, DataSet item, DecisionLog log)
    {
        LookupTable table = LookupTable.Read(item, Tags.LutDescriptor, Tags.LutData, scale.Lowest < 0, log);
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = (double)table.Find(scale.Values[i]) / table.MaxValue;
        scale.Bits = Math.Max(scale.Bits, table.Bits);
        log.Note(Topic, $"table of {table.Entries.Length} entries from {table.First} on, {table.Bits} bits");
    }

    private static void Window(GreyScale scale, DataSet data, DecisionLog log)
    {
        string function = data.Text(Tags.VoiLutFunction);
        if (data.Decimals(Tags.WindowCenter) is not [var center, .. var otherCenters] || data.Decimals(Tags.WindowWidth) is not [var width, .. var otherWidths]
            || !(function is "" or "LINEAR" ? width >= 1 : width > 0))
        {
            (string c, string w) = (ImagePixel.Printable(data.Text(Tags.WindowCenter)), ImagePixel.Printable(data.Text(Tags.WindowWidth)));
            throw new ImageException($"the DICOM file is damaged: a window of center \"{c}\" and width \"{w}\" is none; choose another mapping") { Remedy = Remedy.OtherMapping };
        }
        Func<double, double> map = function switch
        {
            "" or "LINEAR" => x => x <= center - 0.5 - (width - 1) / 2 ? 0 : x > center - 0.5 + (width - 1) / 2 ? 1 : (x - (center - 0.5)) / (width - 1) + 0.5,
            "LINEAR_EXACT" => x => x <= center - width / 2 ? 0 : x > center + width / 2 ? 1 : (x - center) / width + 0.5,
            "SIGMOID" => x => 1 / (1 + Math.Exp(-4 * (x - center) / width)),
            _ => throw new ImageException($"the DICOM file has an unknown VOI LUT function \"{ImagePixel.Printable(function)}\"; choose another mapping") { Remedy = Remedy.OtherMapping },
        };
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = map(scale.Values[i]);
        int windows = Math.Min(otherCenters.Length, otherWidths.Length) + 1;
        log.Note(Topic, $"window center {center}, width {width}, {(function.Length > 0 ? function : "LINEAR")}{(windows > 1 ? $", the first of {windows}" : "")}");
    }

    private static void WholeRange(GreyScale scale, DecisionLog log, string why)
    {
        log.Note(Topic, $"none, the whole range {scale.Lowest} to {scale.Highest} ({why})");
        Spread(scale, scale.Lowest, scale.Highest);
    }

    private static void MinMax(GreyScale scale, bool[] present, DecisionLog log, string why)
    {
        (double lowest, double highest) = (double.PositiveInfinity, double.NegativeInfinity);
        for (int i = 0; i < present.Length; i++)
            if (present[i])
                (lowest, highest) = (Math.Min(lowest, scale.Values[i]), Math.Max(highest, scale.Values[i]));
        if (highest > lowest)
            log.Note(Topic, $"minimum to maximum, {lowest} to {highest} ({why})");
        else
            log.Warn(Topic, $"minimum to maximum, but all pixels have one value ({why})");
        Spread(scale, lowest, highest);
    }

    private static void Spread(GreyScale scale, double lowest, double highest)
    {
        double range = highest > lowest ? highest - lowest : double.PositiveInfinity;
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = range < double.PositiveInfinity ? Math.Clamp((scale.Values[i] - lowest) / range, 0, 1) : 0;
    }
}
