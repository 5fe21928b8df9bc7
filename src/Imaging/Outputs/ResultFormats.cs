namespace LungSeg.Imaging.Outputs;

/// <summary>The kinds of files that a segmentation can be written as.</summary>
public static class ResultFormats
{
    /// <summary>All of them, in the order in which they are listed for users.</summary>
    public static IReadOnlyList<IResultWriter> All { get; } =
        [
            new MaskWriter(), new OverlayWriter(), new ContourWriter(), new ProbabilityWriter(), new NumPyWriter(), new JsonWriter(), new CocoWriter(),
            new GeoJsonWriter(), new SegmentationWriter(), new SecondaryCaptureWriter(),
        ];

    /// <summary>What is written where nothing is chosen: mask and overlay.</summary>
    public const string Default = "mask,overlay";

    /// <summary>The writers of a comma-separated list of names, each once, in the list's order.</summary>
    /// <exception cref="ArgumentException">A name is unknown, or there is none.</exception>
    public static IReadOnlyList<IResultWriter> Parse(string list)
    {
        List<IResultWriter> writers = [];
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            IResultWriter writer = All.FirstOrDefault(w => w.Name == name)
                ?? throw new ArgumentException($"unknown format '{name}': expected one or more of {string.Join(",", All.Select(w => w.Name))}");
            if (!writers.Contains(writer))
                writers.Add(writer);
        }
        return writers;
    }
}
