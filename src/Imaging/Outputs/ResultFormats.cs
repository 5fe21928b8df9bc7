using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Outputs;

/// <summary>The kinds of files that a segmentation can be written as.</summary>
public static class ResultFormats
{
    /// <summary>All of them with the default options, in the order in which they are listed for users.</summary>
    public static IReadOnlyList<IResultWriter> All { get; } = Writers(new ResultOptions());

    /// <summary>What is written where nothing is chosen: mask and overlay.</summary>
    public const string Default = "mask,overlay";

    /// <summary>The writers of a comma-separated list of names, each once, in the list's order.</summary>
    /// <exception cref="ArgumentException">A name is unknown, there is none, or the options do not go together.</exception>
    public static IReadOnlyList<IResultWriter> Parse(string list, ResultOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(list);
        options ??= new ResultOptions();
        string[] names = list.Split(',', StringSplitOptions.TrimEntries);
        if (options.ReportRegion == ReportRegion.Segmentation && names.Contains("sr") && !names.Contains("seg"))
            throw new ArgumentException(
                "a report with the segmentation's frames as regions refers to the segmentation: add seg to the formats, or choose "
                + "outlines");
        options = options with
        { ReportRegion = options.ReportRegion ?? (names.Contains("seg") ? ReportRegion.Segmentation : ReportRegion.Outline) };
        IReadOnlyList<IResultWriter> all = Writers(options);
        List<IResultWriter> writers = [];
        foreach (string name in names)
        {
            IResultWriter writer = all.FirstOrDefault(w => w.Name == name)
                ?? throw new ArgumentException(
                    $"unknown format '{name}': expected one or more of {string.Join(",", all.Select(w => w.Name))}");
            if (!writers.Contains(writer))
                writers.Add(writer);
        }
        if (options is { Compression: DicomCompression.Rle, SegmentationType: SegmentationType.Binary }
            && writers.Any(w => w is SegmentationWriter))
            throw new ArgumentException(
                "RLE compresses bytes, and a binary segmentation holds single bits: choose a fractional one or a label map, or deflated");
        return writers;
    }

    private static IResultWriter[] Writers(ResultOptions options) =>
    [
        new MaskWriter(), new OverlayWriter(), new ContourWriter(), new ProbabilityWriter(), new NumPyWriter(), new JsonWriter(),
            new CocoWriter(),
        new GeoJsonWriter(), new SegmentationWriter(options), new SecondaryCaptureWriter(options),
        new StructuredReportWriter(options), new PresentationStateWriter(options),
        new NrrdWriter(), new NiftiWriter(), new UncertaintyWriter(), new UncertaintyArrayWriter(),
            new UncertaintySegmentationWriter(options),
    ];
}
