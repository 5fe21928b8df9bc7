using System.Net;
using System.Text;
using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Imaging;
using Spectre.Console;

namespace LungSeg.Cli.Verification;

/// <summary>Checks as a table for people and as JSON for programs.</summary>
internal static class VerificationTable
{
    public const string UnfusedNote = "unfused: the normal run does not store this result; it was computed in a second run without fusion";

    public static void Write(TextWriter output, VerificationResult result)
    {
        output.WriteLine($"{result.File}: {result.Network} on {result.Device}");
        Table table = Tables.Create("tensor", "shape#", "max error#", "mean#", "relative#", "99.9 %#", "cosine#", "bound#", "");
        foreach (Check check in result.Checks)
        {
            TensorError e = check.Error;
            string verdict = check == result.First ? "diverges first" : check.Holds ? "" : "diverges";
            Tables.Row(table,
            [
                check.Name, $"{check.Shape}", Units.Error(e.Max), Units.Error(e.Mean), Units.Error(e.Relative), Units.Error(e.Quantile999),
                Units.Fixed(e.Cosine, 7), double.IsFinite(check.Bound) ? Units.Error(check.Bound) : "",
                string.Join(", ", new[] { verdict, check.Unfused ? "unfused" : "" }.Where(s => s.Length > 0)),
            ], check == result.First ? "red" : null);
        }
        Tables.Write(output, table);
        if (result.Checks.Any(check => check.Unfused)) output.WriteLine(UnfusedNote);
        if (result.Unmatched.Count > 0)
            output.WriteLine($"not compared, because {result.Network} has no such modules: {string.Join(", ", result.Unmatched)}");
        if (result.Options.Count > 0)
        {
            string chosen = string.Join(", ", result.Options);
            string given = string.Join(' ', result.Options.Select(option => $"--option {option}"));
            output.WriteLine(result.Holds ? $"the weights fit several networks; they pass with {chosen}: convert and run them with {given}"
                : $"the height of the output says {chosen}");
        }
        if (!result.Holds && result.Open.Count > 0)
        {
            string open = string.Join(", ", result.Open);
            output.WriteLine($"names and shapes of the weights leave open {open}: give what your network has by --option NAME=VALUE");
        }
        output.WriteLine(Verdict(result));
        output.WriteLine();
    }

    public static string Verdict(VerificationResult result)
    {
        double largest = result.Outputs.Max(check => check.Error.Max);
        return result.First is { } first
            ? $"{result.Network}: {first.Name} diverges first: largest error {Units.Error(first.Error.Max)}, "
                + $"{Units.Error(first.Bound)} allowed"
            : $"{result.Network}: all {result.Checks.Count} tensors pass; largest error of an output {Units.Error(largest)}";
    }

    public static void WriteJson(Utf8JsonWriter json, VerificationResult result)
    {
        json.WriteStartObject();
        json.WriteString("file", result.File);
        json.WriteString("network", result.Network);
        json.WriteString("device", result.Device);
        json.WriteBoolean("holds", result.Holds);
        if (result.Options.Count > 0) json.WriteString("option", string.Join(';', result.Options));
        if (result.First is { } first) json.WriteString("diverges_first", first.Name);
        json.WriteStartArray("tensors");
        foreach (Check check in result.Checks)
        {
            json.WriteStartObject();
            json.WriteString("name", check.Name);
            json.WriteString("shape", $"{check.Shape}");
            Json.Number(json, "max", check.Error.Max);
            Json.Number(json, "mean", check.Error.Mean);
            Json.Number(json, "relative", check.Error.Relative);
            Json.Number(json, "quantile_999", check.Error.Quantile999);
            Json.Number(json, "cosine", check.Error.Cosine);
            Json.Number(json, "bound", check.Bound);
            json.WriteBoolean("holds", check.Holds);
            json.WriteBoolean("unfused", check.Unfused);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("not_compared");
        foreach (string name in result.Unmatched) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

/// <summary>A verification as one HTML file without other files: the table, and images of the output and its error.</summary>
internal static class HtmlReport
{
    private const string Style =
        "body{font:14px/1.5 system-ui,sans-serif;margin:2em;max-width:90em}table{border-collapse:collapse}"
        + "td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}"
        + "td:first-child,th:first-child,td:last-child{text-align:left}"
        + ".bad{color:#b00020}.first{background:#b00020;color:#fff}"
        + "figure{display:inline-block;margin:1em 1em 0 0}img{max-width:30em;image-rendering:pixelated}";

    public static string Render(VerificationResult result, string weights, float[] expected, Tap output)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>LungSeg: ").Append(Text(result.Network))
            .Append(" against a reference</title><style>").Append(Style).Append("</style></head><body>\n<h1>")
            .Append(Text(result.Network)).Append(" against a reference</h1>\n<p>")
            .Append(Text(VerificationTable.Verdict(result))).Append("</p>\n<p>reference ")
            .Append(Text(result.File)).Append("; weights ").Append(Text(weights)).Append("; ").Append(Text(result.Device)).Append("</p>\n");
        AppendImages(html, expected, output);
        AppendTable(html, result);
        if (result.Checks.Any(check => check.Unfused)) html.Append("<p>").Append(Text(VerificationTable.UnfusedNote)).Append(".</p>\n");
        if (result.Unmatched.Count > 0)
        {
            string names = Text(string.Join(", ", result.Unmatched));
            html.Append("<p>Not compared, because the network has no such modules: ").Append(names).Append("</p>\n");
        }
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

/// <summary>Maps of numbers as PNG: probabilities in grey, errors from black over red and yellow to white.</summary>
internal static class HeatMap
{
    public static byte[] Grey(ReadOnlySpan<float> values, int width, int height)
    {
        byte[] pixels = new byte[values.Length];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)Math.Round(255 * Math.Clamp(float.IsNaN(values[i]) ? 0 : values[i], 0, 1));
        return ImageWriter.EncodePng(width, height, 1, pixels);
    }

    /// <summary>Absolute errors; the largest is white.</summary>
    public static byte[] Errors(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int width, int height, double largest)
    {
        byte[] pixels = new byte[3 * expected.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs((double)expected[i] - actual[i]);
            double heat = double.IsNaN(error) ? 3 : largest > 0 ? 3 * Math.Min(error / largest, 1) : 0;
            for (int c = 0; c < 3; c++) pixels[(3 * i) + c] = (byte)Math.Round(255 * Math.Clamp(heat - c, 0, 1));
        }
        return ImageWriter.EncodePng(width, height, 3, pixels);
    }
}
