using LungSeg.Imaging.Evaluation;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Evaluation;

/// <summary>An evaluation for people, in the shape of the study's table 2.</summary>
internal static class EvaluationTable
{
    private const int WorstShown = 3;

    public static void Write(TextWriter output, EvaluationReport report)
    {
        output.WriteLine(string.Join("; ", report.Conditions.Select(c => $"{c.Name} {c.Value}")));
        Measure[] others = [.. Measure.All.Where(m => m != Measure.Dice && report.Results.Any(r => r.Summary(m) is not null))];
        Table table = Tables.Create(["network", "encoder", "input#", "parameters, M#", "MAC, G#", "Dice [95 % interval]#", .. others.Select(m => $"{m.Title}#"), "images#"]);
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
            output.WriteLine("no weights: the study's are at doi:10.5281/zenodo.8393555; 'lungseg convert' and 'lungseg weights add' put them into the folder");
        output.WriteLine($"interval: 95 %, percentile bootstrap over images, {ConfidenceInterval.Resamples} resamples; it says nothing of other hospitals, and no two of its images should be of one patient");
        output.WriteLine("surface: mean distance between the outlines, both ways; Hausdorff 95 %: the larger of both ways' 95 % quantiles");
    }

    private static string[] Facts(Architecture? network, string name) => network is null
        ? [name, "", "", "", ""]
        : [network.Key, network.Encoder, $"{network.InputSize}", Units.Millions(network.ParameterCount), Units.Billions(network.Macs)];

    private static string Cell(MeasureSummary? summary) => summary?.ToString() ?? "undefined";

    private static void WriteNotes(TextWriter output, SourceResult result, IReadOnlyList<float> thresholds)
    {
        output.WriteLine($"{result.Name}: {result.Description}");
        IEnumerable<EvaluatedImage> worst = result.Images.OrderBy(image => image.Score.Overlap.Dice).Take(WorstShown);
        output.WriteLine($"  lowest Dice: {string.Join(", ", worst.Select(image => $"{image.Name} {Units.Fixed(image.Score.Overlap.Dice, 4)}"))}");
        int undefined = result.Images.Count(image => image.Score.Pixels is null);
        if (undefined > 0) output.WriteLine($"  without distances, as one of the two masks is empty: {undefined}; their Dice is 0");
        if (result.Failures.Count > 0) output.WriteLine($"  failed: {result.Failures.Count}");
        if (thresholds.Count == 0 || result.Images.Count == 0) return;
        double[] dice = result.Sweep(thresholds);
        int best = Array.IndexOf(dice, dice.Max());
        output.WriteLine($"  Dice by threshold: {string.Join(", ", dice.Select((d, i) => $"{Units.Fixed(thresholds[i], 2)} {Units.Fixed(d, 4)}"))}");
        output.WriteLine($"  best threshold {Units.Fixed(thresholds[best], 2)}, Dice {Units.Fixed(dice[best], 4)}: to report Dice on these images, choose the threshold on others, or it is flattered");
    }
}
