using System.Text;
using System.Text.Json;
using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;
using LungSeg.Models.Calibration;
using Spectre.Console;

namespace LungSeg.Cli.Evaluation;

/// <summary>The result of an evaluation.</summary>
/// <param name="Conditions">Inputs and settings, by name.</param>
/// <param name="Results">By network, in the order of the command line.</param>
/// <param name="Missing">Networks that <c>all</c> includes and that have no weights.</param>
/// <param name="Thresholds">The sweep's thresholds; empty without one.</param>
/// <param name="Notices">Files that were left out.</param>
internal sealed record EvaluationReport(
    IReadOnlyList<(string Name, string Value)> Conditions,
    IReadOnlyList<SourceResult> Results,
    IReadOnlyList<Architecture> Missing,
    IReadOnlyList<float> Thresholds,
    IReadOnlyList<string> Notices);

/// <summary>An image that could not be evaluated, and why.</summary>
internal sealed record FailedImage(string Name, string Fault);

/// <summary>How a network's, or a folder's, masks compare with the references.</summary>
internal sealed record SourceResult(
    string Name,
    Architecture? Network,
    string Description,
    IReadOnlyList<EvaluatedImage> Images,
    IReadOnlyList<FailedImage> Failures,
    IReadOnlyList<CasePanel> Worst)
{
    /// <summary>A measure over all images; null where it is undefined for all of them.</summary>
    public MeasureSummary? Summary(Measure measure) => MeasureSummary.Of(measure, Images);

    /// <summary>Of a quantised network: how its masks agree with those in float32; null where they were not compared.</summary>
    public MaskAgreement? Agreement => Images.Select(image => image.Agreement).OfType<ImageAgreement>().ToArray() is { Length: > 0 } all
        ? new MaskAgreement(all) : null;

    /// <summary>The mean Dice at each of the sweep's thresholds.</summary>
    public double[] Sweep(IReadOnlyList<float> thresholds) =>
        [.. thresholds.Select((_, i) => Images.Select(image => image.Sweep[i]).DefaultIfEmpty(0).Average())];
}

/// <summary>One image's score, and its Dice at each of the sweep's thresholds; empty without a sweep.</summary>
internal sealed record EvaluatedImage(
    string Name, int Width, int Height, PixelSpacing? Spacing, MaskScore Score, IReadOnlyList<double> Sweep)
{
    /// <summary>Of a quantised network: how the mask agrees with that in float32; null where it was not compared.</summary>
    public ImageAgreement? Agreement { get; init; }
}

/// <summary>A measure of each image; null where it is undefined.</summary>
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
    /// <summary>Summarises a measure; null where it is undefined for all images.</summary>
    public static MeasureSummary? Of(Measure measure, IReadOnlyList<EvaluatedImage> images)
    {
        double[] values = [.. images.Select(image => measure.Of(image.Score)).OfType<double>()];
        if (values.Length == 0) return null;
        double[] sorted = [.. values.Order()];
        double worst = measure.MoreIsBetter ? sorted[0] : sorted[^1];
        return new MeasureSummary(
            measure, values.Length, values.Average(), ConfidenceInterval.OfMean(values), Quantile.OfSorted(sorted, 0.5), worst);
    }

    /// <summary>The mean, and its interval in brackets.</summary>
    public override string ToString()
    {
        string mean = Units.Fixed(Mean, Measure.Digits);
        return Interval is { } i ? $"{mean} [{Units.Fixed(i.Low, Measure.Digits)}, {Units.Fixed(i.High, Measure.Digits)}]" : mean;
    }
}

/// <summary>An evaluation as a table for people, with the columns of the study's table 2.</summary>
internal static class EvaluationTable
{
    private const int WorstShown = 3;

    public static void Write(TextWriter output, EvaluationReport report)
    {
        output.WriteLine(string.Join("; ", report.Conditions.Select(c => $"{c.Name} {c.Value}")));
        Measure[] others = [.. Measure.All.Where(m => m != Measure.Dice && report.Results.Any(r => r.Summary(m) is not null))];
        Table table = Tables.Create(
        [
            "network", "encoder", "input#", "parameters, M#", "MAC, G#", "Dice [95 % interval]#", .. others.Select(m => $"{m.Title}#"),
            "images#",
        ]);
        foreach (SourceResult result in report.Results)
        {
            Tables.Row(table,
            [
                .. Facts(result.Network, result.Name), Cell(result.Summary(Measure.Dice)),
                .. others.Select(m => result.Summary(m) is { } s ? Units.Fixed(s.Mean, m.Digits) : "undefined"), $"{result.Images.Count}",
            ]);
        }
        foreach (Architecture network in report.Missing)
            Tables.Row(table, [.. Facts(network, network.Key), "no weights", .. others.Select(_ => ""), "0"]);
        Tables.Write(output, table);
        foreach (SourceResult result in report.Results) WriteNotes(output, result, report.Thresholds);
        if (report.Missing.Count > 0)
        {
            output.WriteLine("no weights: get the study's from doi:10.5281/zenodo.8393555, then run 'lungseg convert' and "
                + "'lungseg weights add'");
        }
        output.WriteLine($"interval: 95 %, percentile bootstrap over images, {ConfidenceInterval.Resamples} resamples; it does not cover "
            + "other hospitals, and assumes that no two images are of one patient");
        output.WriteLine("surface: mean distance between the outlines in both directions; "
            + "Hausdorff 95 %: the larger 95 % quantile of the two directions");
    }

    private static void WriteAgreement(TextWriter output, MaskAgreement agreement)
    {
        output.WriteLine($"  agreement with fp32: mean {Units.Fixed(agreement.Mean, 4)}, least {Units.Fixed(agreement.Least, 4)}; "
            + $"Dice in fp32 {Units.Fixed(agreement.Dice?.Float ?? 1, 4)}, largest change of an image "
            + Units.Fixed(agreement.LargestChange, 4));
        foreach (ImageAgreement image in agreement.Images)
        {
            output.WriteLine($"    {image.Name}: agreement {Units.Fixed(image.Agreement, 4)}"
                + (image.Dice is { } dice ? $", Dice {Units.Fixed(dice.Float, 4)} in fp32, {Units.Fixed(dice.Int8, 4)} in int8" : ""));
        }
    }

    private static string[] Facts(Architecture? network, string name) => network is null
        ? [name, "", "", "", ""]
        : [network.Key, network.Encoder, $"{network.InputSize}", Units.Millions(network.ParameterCount), Units.Billions(network.Macs)];

    private static string Cell(MeasureSummary? summary) => summary?.ToString() ?? "undefined";

    private static void WriteNotes(TextWriter output, SourceResult result, IReadOnlyList<float> thresholds)
    {
        output.WriteLine($"{result.Name}: {result.Description}");
        IEnumerable<EvaluatedImage> worst = result.Images.OrderBy(image => image.Score.Overlap.Dice).Take(WorstShown);
        IEnumerable<string> lowest = worst.Select(image => $"{image.Name} {Units.Fixed(image.Score.Overlap.Dice, 4)}");
        output.WriteLine($"  lowest Dice: {string.Join(", ", lowest)}");
        int undefined = result.Images.Count(image => image.Score.Pixels is null);
        if (undefined > 0) output.WriteLine($"  without distances, because one of the two masks is empty: {undefined}; their Dice is 0");
        if (result.Failures.Count > 0) output.WriteLine($"  failed: {result.Failures.Count}");
        if (result.Agreement is { } agreement) WriteAgreement(output, agreement);
        if (thresholds.Count == 0 || result.Images.Count == 0) return;
        double[] dice = result.Sweep(thresholds);
        int best = Array.IndexOf(dice, dice.Max());
        IEnumerable<string> sweep = dice.Select((d, i) => $"{Units.Fixed(thresholds[i], 2)} {Units.Fixed(d, 4)}");
        output.WriteLine($"  Dice by threshold: {string.Join(", ", sweep)}");
        output.WriteLine($"  best threshold {Units.Fixed(thresholds[best], 2)}, Dice {Units.Fixed(dice[best], 4)}; "
            + "to report Dice on these images without bias, choose the threshold on other images");
    }
}

/// <summary>One line for each image and source (RFC 4180): its measures or its error; empty where undefined.</summary>
internal static class EvaluationCsv
{
    public static string Render(IReadOnlyList<SourceResult> results)
    {
        var csv = new StringBuilder();
        csv.Append(Csv.Line(
        [
            "network", "image", "width", "height", "row_mm", "column_mm", .. Measure.All.Select(m => m.Key),
            "reference_pixels", "predicted_pixels", "agreement", "dice_fp32", "error",
        ]));
        foreach (SourceResult result in results)
        {
            foreach (EvaluatedImage p in result.Images)
            {
                csv.Append(Csv.Line(
                [
                    result.Name, p.Name, $"{p.Width}", $"{p.Height}",
                    Csv.Number(p.Spacing?.RowMillimetres), Csv.Number(p.Spacing?.ColumnMillimetres),
                    .. Measure.All.Select(m => Csv.Number(m.Of(p.Score))),
                    $"{p.Score.Overlap.Both + p.Score.Overlap.ReferenceOnly}",
                    $"{p.Score.Overlap.Both + p.Score.Overlap.PredictionOnly}",
                    Csv.Number(p.Agreement?.Agreement), Csv.Number(p.Agreement?.Dice?.Float), "",
                ]));
            }
            foreach (FailedImage failed in result.Failures)
                csv.Append(Csv.Line([result.Name, failed.Name, .. Enumerable.Repeat("", 8 + Measure.All.Count), failed.Fault]));
        }
        return csv.ToString();
    }
}

/// <summary>An evaluation as JSON: conditions, then each source's summary and images.</summary>
internal static class EvaluationJson
{
    public static void Write(Utf8JsonWriter json, EvaluationReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("schema", JsonFacts.Version);
        json.WriteString("program", $"lungseg {ProductVersion.Number}");
        foreach ((string name, string value) in report.Conditions) json.WriteString(name, value);
        json.WriteNumber("resamples", ConfidenceInterval.Resamples);
        json.WriteStartArray("networks");
        foreach (SourceResult result in report.Results) WriteResult(json, result, report.Thresholds);
        json.WriteEndArray();
        json.WriteStartArray("without_weights");
        foreach (Architecture network in report.Missing) json.WriteStringValue(network.Key);
        json.WriteEndArray();
        json.WriteStartArray("notices");
        foreach (string notice in report.Notices) json.WriteStringValue(notice);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, SourceResult result, IReadOnlyList<float> thresholds)
    {
        json.WriteStartObject();
        json.WriteString("name", result.Name);
        json.WriteString("source", result.Description);
        if (result.Network is { } network)
        {
            json.WriteString("encoder", network.Encoder);
            json.WriteNumber("input_size", network.InputSize);
            json.WriteNumber("parameters", network.ParameterCount);
            json.WriteNumber("macs", network.Macs);
        }
        json.WriteStartObject("summary");
        foreach (MeasureSummary summary in Measure.All.Select(result.Summary).OfType<MeasureSummary>()) WriteSummary(json, summary);
        json.WriteEndObject();
        if (result.Agreement is { } agreement)
        {
            json.WriteStartObject("agreement");
            json.WriteNumber("mean", agreement.Mean);
            json.WriteNumber("least", agreement.Least);
            json.WriteNumber("largest_change", agreement.LargestChange);
            json.WriteEndObject();
        }
        if (thresholds.Count > 0) WriteSweep(json, result, thresholds);
        json.WriteStartArray("images");
        foreach (EvaluatedImage image in result.Images) WriteImage(json, image);
        json.WriteEndArray();
        json.WriteStartArray("failed");
        foreach (FailedImage failed in result.Failures)
        {
            json.WriteStartObject();
            json.WriteString("name", failed.Name);
            json.WriteString("error", failed.Fault);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter json, MeasureSummary summary)
    {
        json.WriteStartObject(summary.Measure.Key);
        json.WriteNumber("images", summary.Count);
        json.WriteNumber("mean", summary.Mean);
        if (summary.Interval is { } interval)
        {
            json.WriteNumber("low", interval.Low);
            json.WriteNumber("high", interval.High);
        }
        json.WriteNumber("median", summary.Median);
        json.WriteNumber("worst", summary.Worst);
        json.WriteEndObject();
    }

    private static void WriteSweep(Utf8JsonWriter json, SourceResult result, IReadOnlyList<float> thresholds)
    {
        double[] dice = result.Sweep(thresholds);
        json.WriteStartArray("sweep");
        for (int i = 0; i < dice.Length; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("threshold", thresholds[i]);
            json.WriteNumber("dice", dice[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteImage(Utf8JsonWriter json, EvaluatedImage image)
    {
        json.WriteStartObject();
        json.WriteString("name", image.Name);
        json.WriteNumber("width", image.Width);
        json.WriteNumber("height", image.Height);
        if (image.Spacing is { } spacing)
        {
            json.WriteNumber("row_mm", spacing.RowMillimetres);
            json.WriteNumber("column_mm", spacing.ColumnMillimetres);
        }
        foreach (Measure measure in Measure.All)
        {
            if (measure.Of(image.Score) is { } value) json.WriteNumber(measure.Key, value);
            else json.WriteNull(measure.Key);
        }
        if (image.Agreement is { } agreement)
        {
            json.WriteNumber("agreement", agreement.Agreement);
            if (agreement.Dice is { } dice) json.WriteNumber("dice_fp32", dice.Float);
        }
        json.WriteEndObject();
    }
}
