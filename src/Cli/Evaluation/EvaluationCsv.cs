using System.Text;
using LungSeg.IO;

namespace LungSeg.Cli.Evaluation;

/// <summary>One line for each image and source (RFC 4180): what was measured, or why nothing was; empty where undefined.</summary>
internal static class EvaluationCsv
{
    public static string Render(IReadOnlyList<SourceResult> results)
    {
        var csv = new StringBuilder();
        csv.Append(Csv.Line(["network", "image", "width", "height", "row_mm", "column_mm", .. Measure.All.Select(m => m.Key), "reference_pixels", "predicted_pixels", "error"]));
        foreach (SourceResult result in results)
        {
            foreach (EvaluatedImage p in result.Images)
            {
                csv.Append(Csv.Line(
                [
                    result.Name, p.Name, $"{p.Width}", $"{p.Height}", Csv.Number(p.Spacing?.RowMillimetres), Csv.Number(p.Spacing?.ColumnMillimetres),
                    .. Measure.All.Select(m => Csv.Number(m.Of(p.Score))),
                    $"{p.Score.Overlap.Both + p.Score.Overlap.ReferenceOnly}", $"{p.Score.Overlap.Both + p.Score.Overlap.PredictionOnly}", "",
                ]));
            }
            foreach (FailedImage failed in result.Failures)
                csv.Append(Csv.Line([result.Name, failed.Name, .. Enumerable.Repeat("", 6 + Measure.All.Count), failed.Fault]));
        }
        return csv.ToString();
    }
}
