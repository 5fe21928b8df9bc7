using System.Net;
using System.Text;
using LungSeg.Engine;

namespace LungSeg.Cli.Verification;

/// <summary>A verification as one HTML file that needs no other: the table, and the output's error as an image.</summary>
internal static class HtmlReport
{
    private const string Style =
        "body{font:14px/1.5 system-ui,sans-serif;margin:2em;max-width:90em}table{border-collapse:collapse}"
        + "td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child,td:last-child{text-align:left}"
        + ".bad{color:#b00020}.first{background:#b00020;color:#fff}figure{display:inline-block;margin:1em 1em 0 0}img{max-width:30em;image-rendering:pixelated}";

    public static string Render(VerificationResult result, string weights, float[] expected, Tap output)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>LungSeg: ").Append(Text(result.Network))
            .Append(" against a reference</title><style>").Append(Style).Append("</style></head><body>\n<h1>")
            .Append(Text(result.Network)).Append(" against a reference</h1>\n<p>").Append(Text(VerificationTable.Verdict(result))).Append("</p>\n<p>reference ")
            .Append(Text(result.File)).Append("; weights ").Append(Text(weights)).Append("; ").Append(Text(result.Device)).Append("</p>\n");
        AppendImages(html, expected, output);
        AppendTable(html, result);
        if (result.Checks.Any(check => check.Unfused)) html.Append("<p>").Append(Text(VerificationTable.UnfusedNote)).Append(".</p>\n");
        if (result.Unmatched.Count > 0)
            html.Append("<p>Not compared, as the network has no such modules: ").Append(Text(string.Join(", ", result.Unmatched))).Append("</p>\n");
        return html.Append("</body></html>\n").ToString();
    }

    private static void AppendImages(StringBuilder html, float[] expected, Tap output)
    {
        Shape shape = output.Shape;
        int pixels = shape.H * shape.W;
        for (int n = 0; n < shape.N; n++)
        {
            float[] e = expected[(n * pixels)..((n + 1) * pixels)], a = output.Values[(n * pixels)..((n + 1) * pixels)];
            TensorError error = TensorError.Of(e, a);
            AppendImage(html, HeatMap.Grey(e, shape.W, shape.H), $"expected output, image {n + 1}");
            AppendImage(html, HeatMap.Grey(a, shape.W, shape.H), "our output");
            AppendImage(html, HeatMap.Errors(e, a, shape.W, shape.H, error.Max), $"absolute error: white is {Units.Error(error.Max)}");
            html.Append("<br>\n");
        }
    }

    private static void AppendImage(StringBuilder html, byte[] png, string caption) => html
        .Append("<figure><img alt=\"").Append(Text(caption)).Append("\" src=\"data:image/png;base64,").Append(Convert.ToBase64String(png))
        .Append("\"><figcaption>").Append(Text(caption)).Append("</figcaption></figure>\n");

    private static void AppendTable(StringBuilder html, VerificationResult result)
    {
        html.Append("<table><tr><th>tensor<th>shape<th>max error<th>mean<th>relative<th>99.9 %<th>cosine<th>bound<th></tr>\n");
        foreach (Check check in result.Checks)
        {
            TensorError e = check.Error;
            html.Append(check == result.First ? "<tr class=\"first\">" : check.Holds ? "<tr>" : "<tr class=\"bad\">");
            foreach (string cell in (string[])
            [
                check.Name, $"{check.Shape}", Units.Error(e.Max), Units.Error(e.Mean), Units.Error(e.Relative), Units.Error(e.Quantile999),
                Units.Fixed(e.Cosine, 7), Units.Error(check.Bound),
                (check == result.First ? "diverges first " : check.Holds ? "" : "diverges ") + (check.Unfused ? "unfused" : ""),
            ])
                html.Append("<td>").Append(Text(cell)).Append("</td>");
            html.Append("</tr>\n");
        }
        html.Append("</table>\n");
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
