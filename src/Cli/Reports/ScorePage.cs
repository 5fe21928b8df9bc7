using System.Globalization;
using System.Net;
using System.Text;
using LungSeg.Imaging;
using LungSeg.Imaging.Masks;
using LungSeg.Imaging.Scoring;

namespace LungSeg.Cli.Reports;

/// <summary>What the page of scores shows of an image: the X-ray, outlines as SVG paths in its pixels, and the score.</summary>
internal sealed record ScoredImage(
    string Name, string Stem, int Width, int Height, byte[] Jpeg, IReadOnlyList<(string Class, string Path)> Outlines,
    LesionScore Score, double LesionShare, float? Label, IReadOnlyList<string> Extensions)
{
    private const int LongestSide = 480, Quality = 80;

    public static ScoredImage Of(string name, string stem, ScoreReport report)
    {
        Radiograph image = report.Canvas;
        double shrink = Math.Min(1, (double)LongestSide / Math.Max(image.Width, image.Height));
        int width = Math.Max(1, (int)Math.Round(image.Width * shrink)), height = Math.Max(1, (int)Math.Round(image.Height * shrink));
        byte[] grey = Preview.Shrink(Overlay.Grey(image), image.Width, image.Height, width, height);
        var lungs = SidedMask.Of(report.LungMask, report.Lungs.Image.PatientLeftIsOnTheRight);
        (string Class, string Path)[] outlines =
        [
            .. Enum.GetValues<LungSide>().Select(side => (side == LungSide.Both ? "joined" : side.ToString().ToLowerInvariant(),
                Trace(lungs.Sides, SidedMask.ValueOf(side)))),
            ("lesion", Trace(report.Lesions.Pixels.ToArray(), 1)),
        ];
        return new ScoredImage(
            name, stem, image.Width, image.Height, Preview.Jpeg(grey, width, height, Quality),
            [.. outlines.Where(outline => outline.Path.Length > 0)], report.Score,
            report.LungMask.Area == 0 ? 0 : (double)report.Lesions.Area / report.LungMask.Area, report.Label,
            [.. report.Files.Select(file => file.Extension)]);

        // To half a pixel of the small image.
        string Trace(byte[] pixels, byte value)
        {
            var path = new StringBuilder();
            foreach (PixelPolygon polygon in PixelOutline.Trace(pixels, image.Width, image.Height, value))
            {
                foreach (Ring ring in polygon.Holes.Prepend(polygon.Outer))
                {
                    (int X, int Y)[] corners = Outline.Simplify(ring.Corners, 0.5 / shrink);
                    for (int i = 0; i < corners.Length; i++)
                        path.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? 'M' : 'L')}{corners[i].X} {corners[i].Y}");
                    path.Append('Z');
                }
            }
            return path.ToString();
        }
    }
}

/// <summary>Scores as one HTML page that needs no other file, no script and no network access.</summary>
/// <param name="images">In the order of the run.</param>
/// <param name="failed">Images that have no score, and why.</param>
/// <param name="threshold">The share of a third above which it counts.</param>
/// <param name="conditions">Networks and settings.</param>
/// <param name="warnings">What a reader must know before the scores.</param>
internal sealed class ScorePage(
    IReadOnlyList<ScoredImage> images, IReadOnlyList<(string Name, string Fault)> failed, double threshold,
    IReadOnlyList<(string Name, string Value)> conditions, IReadOnlyList<string> warnings)
{
    public const string FileName = "score.html";

    public void Write(Stream stream) => PageTemplate.Write(stream, "score.html", place => PageTemplate.WriteText(stream, place switch
    {
        "style" => PageTemplate.Resource("page.css") + PageTemplate.Resource("score.css"),
        "header" => $"<p>{Count(images.Count, "image")}{(failed.Count > 0 ? $", {failed.Count} failed" : "")}</p>",
        _ => Main(),
    }));

    private string Main()
    {
        var html = new StringBuilder("<section aria-label=\"Warnings\">\n");
        foreach (string warning in warnings) html.Append($"<p class=\"notice\">{Text(warning)}</p>\n");
        html.Append("</section>\n");
        if (failed.Count > 0)
        {
            html.Append("<section aria-labelledby=\"failed-title\"><h2 id=\"failed-title\">Failed</h2>\n")
                .Append("<ul id=\"failed\" class=\"plain\">\n");
            foreach ((string name, string fault) in failed) html.Append($"<li><b>{Text(name)}</b>{Text(fault)}</li>\n");
            html.Append("</ul></section>\n");
        }
        if (images.Count > 1) WriteSummary(html);
        html.Append("<section aria-labelledby=\"images\"><h2 id=\"images\" tabindex=\"-1\">Images</h2>\n")
            .Append("<p class=\"key\"><span class=\"right\">patient’s right lung</span> <span class=\"left\">left lung</span> ")
            .Append("<span class=\"joined\">both in one part</span> <span class=\"lesion\">lesions</span></p>\n");
        for (int i = 0; i < images.Count; i++) WriteImage(html, images[i], i + 1);
        html.Append("</section>\n<section aria-labelledby=\"conditions\"><h2 id=\"conditions\">How it was done</h2>\n")
            .Append("<dl class=\"facts\">\n");
        foreach ((string name, string value) in conditions) html.Append($"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>\n");
        return html.Append("</dl></section>").ToString();
    }

    private void WriteSummary(StringBuilder html)
    {
        html.Append("<section aria-labelledby=\"all\"><h2 id=\"all\">All images</h2>\n")
            .Append("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"all\"><table class=\"sessions\"><thead><tr>")
            .Append("<th scope=\"col\">image</th><th scope=\"col\" class=\"number\">score, of 6</th>")
            .Append("<th scope=\"col\" class=\"number\">lungs covered</th></tr></thead><tbody>\n");
        for (int i = 0; i < images.Count; i++)
        {
            html.Append($"<tr><th scope=\"row\"><a href=\"#image-{i + 1}\">{Text(images[i].Name)}</a></th>")
                .Append($"<td class=\"number\">{images[i].Score.At(threshold)}</td>")
                .Append($"<td class=\"number\">{Percent(images[i].LesionShare)}</td></tr>\n");
        }
        html.Append("</tbody></table></div></section>\n");
    }

    private void WriteImage(StringBuilder html, ScoredImage image, int number)
    {
        int score = image.Score.At(threshold);
        string size = $"width=\"{image.Width}\" height=\"{image.Height}\"", jpeg = Convert.ToBase64String(image.Jpeg);
        html.Append($"<article aria-labelledby=\"image-{number}\"><h3 id=\"image-{number}\">{Text(image.Name)}: ")
            .Append($"<span class=\"total\">score {score} of 6</span></h3>\n<div class=\"pair\"><figure>")
            .Append($"<svg role=\"img\" aria-label=\"X-ray with outlined lungs; lesions cover {Percent(image.LesionShare)} of them\" ")
            .Append($"viewBox=\"0 0 {image.Width} {image.Height}\"><image {size} href=\"data:image/jpeg;base64,{jpeg}\"/>");
        foreach ((string name, string path) in image.Outlines) html.Append($"<path class=\"{name}\" d=\"{path}\"/>");
        html.Append("</svg>\n<figcaption>");
        foreach (string file in image.Extensions.Select(extension => image.Stem + extension))
        {
            string link = string.Join('/', file.Split('/').Select(Uri.EscapeDataString));
            html.Append($"<a href=\"{Text(link)}\">{Text(file.Split('/')[^1])}</a> ");
        }
        html.Append("</figcaption></figure>\n<table><caption>Thirds of equal area, from the base up: one counts if lesions cover more ")
            .Append($"than {Percent(threshold)} of it</caption><thead><tr><th scope=\"col\">third</th>")
            .Append("<th scope=\"col\" class=\"number\">covered</th><th scope=\"col\">counts</th></tr></thead><tbody>\n");
        foreach (LungThird third in image.Score.Thirds)
        {
            bool counts = third.Ratio > threshold;
            html.Append($"<tr{(counts ? " class=\"counts\"" : "")}><th scope=\"row\">{Text(third.Name)}</th>")
                .Append($"<td class=\"number\">{Percent(third.Ratio)}</td><td>{(counts ? "yes" : "no")}</td></tr>\n");
        }
        html.Append($"</tbody><tfoot><tr><th scope=\"row\">both lungs</th><td class=\"number\">{Percent(image.LesionShare)}</td>")
            .Append($"<td>{score} of 6</td></tr></tfoot></table></div>\n");
        if (image.Label is { } label)
            html.Append($"<p>Label of the lesion network: {Units.Fixed(label, 3)}; up to 0.5 there are no lesions.</p>\n");
        html.Append("</article>\n");
    }

    private static string Percent(double share) => $"{Units.Fixed(100 * share, 1)} %";

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
