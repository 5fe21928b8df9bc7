using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

/// <summary>Something that is measured of each image; null where it is undefined.</summary>
internal sealed record Measure(string Key, string Title, int Digits, bool MoreIsBetter, Func<MaskScore, double?> Of)
{
    public static readonly Measure
        Dice = new("dice", "Dice", 4, true, score => score.Overlap.Dice),
        Iou = new("iou", "IoU", 4, true, score => score.Overlap.Iou),
        Precision = new("precision", "precision", 4, true, score => score.Overlap.Precision),
        Recall = new("recall", "recall", 4, true, score => score.Overlap.Recall),
        SurfacePixels = new("surface_px", "surface, px", 2, false, score => score.Pixels?.Average),
        Hausdorff95Pixels = new("hausdorff95_px", "Hausdorff 95 %, px", 1, false, score => score.Pixels?.Percentile95),
        SurfaceMillimetres = new("surface_mm", "surface, mm", 2, false, score => score.Millimetres?.Average),
        Hausdorff95Millimetres = new("hausdorff95_mm", "Hausdorff 95 %, mm", 1, false, score => score.Millimetres?.Percentile95);

    public static IReadOnlyList<Measure> All { get; } =
        [Dice, Iou, Precision, Recall, SurfacePixels, Hausdorff95Pixels, SurfaceMillimetres, Hausdorff95Millimetres];
}

/// <summary>A measure over all images for which it is defined.</summary>
internal sealed record MeasureSummary(Measure Measure, int Count, double Mean, ConfidenceInterval? Interval, double Median, double Worst)
{
    /// <summary>Sums a measure up; null where it is defined for no image.</summary>
    public static MeasureSummary? Of(Measure measure, IReadOnlyList<EvaluatedImage> images)
    {
        double[] values = [.. images.Select(image => measure.Of(image.Score)).OfType<double>()];
        if (values.Length == 0) return null;
        double[] sorted = [.. values.Order()];
        return new MeasureSummary(
            measure, values.Length, values.Average(), ConfidenceInterval.OfMean(values), Quantile.OfSorted(sorted, 0.5), measure.MoreIsBetter ? sorted[0] : sorted[^1]);
    }

    /// <summary>The mean, and its interval in brackets.</summary>
    public override string ToString() =>
        Units.Fixed(Mean, Measure.Digits) + (Interval is { } i ? $" [{Units.Fixed(i.Low, Measure.Digits)}, {Units.Fixed(i.High, Measure.Digits)}]" : "");
}
