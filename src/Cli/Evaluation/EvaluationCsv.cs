using System.Globalization;
using System.Text;

namespace LungSeg.Cli.Evaluation;

/// <summary>One line for each picture and source (RFC 4180): what was measured, or why nothing was; empty where undefined.</summary>
internal static class EvaluationCsv
{
    public static string Render(IReadOnlyList<SourceResult> results)
    {
        var csv = new StringBuilder();
        Line(csv, ["network", "picture", "width", "height", "row_mm", "column_mm", .. Measure.All.Select(m => m.Key), "reference_pixels", "predicted_pixels", "error"]);
        foreach (SourceResult result in results)
        {
            foreach (EvaluatedPicture p in result.Pictures)
            {
                Line(csv,
                [
                    result.Name, p.Name, $"{p.Width}", $"{p.Height}", Number(p.Spacing?.RowMillimetres), Number(p.Spacing?.ColumnMillimetres),
                    .. Measure.All.Select(m => Number(m.Of(p.Score))),
                    $"{p.Score.Overlap.Both + p.Score.Overlap.ReferenceOnly}", $"{p.Score.Overlap.Both + p.Score.Overlap.PredictionOnly}", "",
                ]);
            }
            foreach (FailedPicture failed in result.Failures)
                Line(csv, [result.Name, failed.Name, .. Enumerable.Repeat("", 6 + Measure.All.Count), failed.Fault]);
        }
        return csv.ToString();
    }

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static void Line(StringBuilder csv, IEnumerable<string> cells) => csv.AppendJoin(',', cells.Select(Quoted)).Append("\r\n");

    private static string Quoted(string cell) => cell.AsSpan().ContainsAny(",\"\r\n") ? $"\"{cell.Replace("\"", "\"\"")}\"" : cell;
}
