using LungSeg.Imaging.Drawing;

namespace LungSeg.Cli.Evaluation;

/// <summary>An evaluation as an image: Dice of every image by network with box and mean, the sweep, and the worst cases.</summary>
internal static class EvaluationFigure
{
    private const int Width = 1280, Margin = 40, Gap = 20, CaptionHeight = 52, SweepHeight = 330;

    public static Figure Draw(EvaluationReport report)
    {
        SourceResult[] results = [.. report.Results.Where(result => result.Images.Count > 0)];
        int plot = DicePlot.HeightOf(results.Length), sweep = report.Thresholds.Count > 0 ? SweepHeight : 0;
        int cases = results.Length * (CasePanel.Side + CaptionHeight + (2 * Gap));
        var figure = new Figure(Width, (3 * Margin) + plot + sweep + cases);
        int images = results.Max(result => result.Images.Count);
        figure.Text(Margin, Margin + 8, $"Dice of {images} {(images == 1 ? "image" : "images")}", 17, Ink.Dark);
        figure.Text(Margin, Margin + 34, string.Join("; ", report.Conditions.Select(c => $"{c.Name} {c.Value}")), 9, Ink.Faint);
        int top = (2 * Margin) + 10;
        DicePlot.Draw(figure, results, Margin, top, Width - (2 * Margin));
        top += plot;
        if (sweep > 0) SweepPlot.Draw(figure, results, report.Thresholds, Margin, top, Width - (2 * Margin), SweepHeight - Margin);
        top += sweep;
        foreach (SourceResult result in results) top = DrawCases(figure, result, top);
        return figure;
    }

    private static int DrawCases(Figure figure, SourceResult result, int top)
    {
        figure.Text(Margin, top + Gap, $"Lowest Dice of {result.Name}:", 12, Ink.Dark);
        double x = Margin + 260;
        foreach ((string word, Rgb color) in (ReadOnlySpan<(string, Rgb)>)[("reference", CasePanel.ReferenceColor), ("prediction", CasePanel.PredictionColor)])
        {
            figure.Line([(x, top + Gap - 5), (x + 26, top + Gap - 5)], color, 4);
            figure.Text(x + 36, top + Gap, word, 10, Ink.Dark);
            x += 150;
        }
        for (int i = 0; i < result.Worst.Count; i++)
        {
            CasePanel panel = result.Worst[i];
            int left = Margin + (i * (CasePanel.Side + Gap));
            figure.Image(left, top + (2 * Gap), CasePanel.Side, CasePanel.Side, panel.Image.Pixels);
            int below = top + (2 * Gap) + CasePanel.Side;
            figure.Text(left, below + 18, Ink.Fit(panel.Name, 10, CasePanel.Side), 10, Ink.Dark);
            figure.Text(left, below + 36, panel.Caption, 9, Ink.Faint);
        }
        return top + CasePanel.Side + CaptionHeight + (2 * Gap);
    }
}
