namespace LungSeg.Imaging.Dicom.Display;

/// <summary>
/// From the modality's units to 0 ... 1 (DICOM PS3.3, C.11.2): values of interest by a lookup table, a window or a range.
/// </summary>
internal static class VoiTransform
{
    private const string Topic = "VOI";

    /// <summary><paramref name="present"/> tells which stored values the image has, padding left out.</summary>
    public static void Apply(GreyScale scale, DataSet data, bool[] present, Voi choice, DecisionLog log)
    {
        if (choice == Voi.None)
            WholeRange(scale, log, "as asked");
        else if (choice == Voi.MinMax)
            MinMax(scale, present, log, "as asked");
        else if (!Table(scale, data, log) && !Window(scale, data, log))
        {
            if (scale.Bits <= 8)
                WholeRange(scale, log, "the file has no usable VOI, its values are 8-bit");
            else
                MinMax(scale, present, log, "the file has no usable VOI");
        }
        scale.Lowest = 0;
        scale.Highest = 1;
    }

    /// <summary>Applies the file's VOI LUT; false where it has none that can be used.</summary>
    private static bool Table(GreyScale scale, DataSet data, DecisionLog log)
    {
        if (data.FirstItem(Tags.VoiLutSequence) is not { } item
            || LookupTable.ReadUsable(Topic, item, scale.Lowest < 0, log) is not { } table)
            return false;
        double full = table.FullBrightness(log);
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = table.Find(scale.Values[i]) / full;
        scale.Bits = Math.Max(scale.Bits, table.Bits);
        // With the bits that its entries need, which is how it was read.
        scale.Mapping = scale.Mapping with
        { VoiTable = table with { Bits = Math.Max(8, System.Numerics.BitOperations.Log2((uint)full) + 1) } };
        log.Note(Topic, $"table of {table.Entries.Length} entries from {table.First} on, {table.Bits} bits");
        return true;
    }

    /// <summary>Applies the first of the file's windows that can be used; false where there is none.</summary>
    private static bool Window(GreyScale scale, DataSet data, DecisionLog log)
    {
        if (!data.Has(Tags.WindowCenter) && !data.Has(Tags.WindowWidth))
            return false;
        string function = data.Code(Tags.VoiLutFunction, log);
        if (function is not ("" or "LINEAR" or "LINEAR_EXACT" or "SIGMOID"))
        {
            log.Warn(Topic, $"the unknown VOI LUT function \"{ImagePixel.Printable(function)}\" was left out; LINEAR was taken");
            function = "";
        }
        (double[] centers, double[] widths) = (data.Numbers(Tags.WindowCenter), data.Numbers(Tags.WindowWidth));
        int windows = Math.Min(centers.Length, widths.Length);
        int used = Enumerable.Range(0, windows)
            .FirstOrDefault(i => !double.IsNaN(centers[i]) && (function is "" or "LINEAR" ? widths[i] >= 1 : widths[i] > 0), -1);
        (string c, string w) = (ImagePixel.Printable(data.Text(Tags.WindowCenter)), ImagePixel.Printable(data.Text(Tags.WindowWidth)));
        if (used != 0)
            log.Warn(Topic, $"{(used > 0 ? $"{used} of {windows} windows" : "the window")} of center \"{c}\" and width \"{w}\" cannot be "
                + $"used, and {(used > 1 ? "were" : "was")} left out");
        if (used < 0)
            return false;
        (double center, double width) = (centers[used], widths[used]);
        Func<double, double> map = function switch
        {
            "LINEAR_EXACT" => x => x <= center - width / 2 ? 0 : x > center + width / 2 ? 1 : (x - center) / width + 0.5,
            "SIGMOID" => x => 1 / (1 + Math.Exp(-4 * (x - center) / width)),
            _ => x => x <= center - 0.5 - (width - 1) / 2 ? 0 : x > center - 0.5 + (width - 1) / 2 ? 1
                : (x - (center - 0.5)) / (width - 1) + 0.5,
        };
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = map(scale.Values[i]);
        scale.Mapping = scale.Mapping with { Window = (center, width, function.Length > 0 ? function : "LINEAR") };
        log.Note(Topic, $"window center {center}, width {width}, "
            + $"{(function.Length > 0 ? function : "LINEAR")}{(windows > 1 ? $", number {used + 1} of {windows}" : "")}");
        return true;
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
        if (highest > lowest)
            scale.Mapping = scale.Mapping with { Window = ((lowest + highest) / 2, highest - lowest, "LINEAR_EXACT") };
        double range = highest > lowest ? highest - lowest : double.PositiveInfinity;
        for (int i = 0; i < scale.Values.Length; i++)
            scale.Values[i] = range < double.PositiveInfinity ? Math.Clamp((scale.Values[i] - lowest) / range, 0, 1) : 0;
    }
}
