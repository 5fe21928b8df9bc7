using LungSeg.Imaging;
using LungSeg.Imaging.Drawing;
using LungSeg.Imaging.Evaluation;

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
        (string, Rgb)[] legend = [("reference", CasePanel.ReferenceColor), ("prediction", CasePanel.PredictionColor)];
        foreach ((string word, Rgb color) in legend)
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

/// <summary>
/// A row for each network: a point for every image, a box from quartile to quartile with the median, whiskers to the last point
/// within one and a half boxes, and the mean with its interval.
/// </summary>
internal static class DicePlot
{
    private const int RowHeight = 64, LabelWidth = 170, NumberWidth = 250, AxisHeight = 74;
    private const double WhiskerBoxes = 1.5;

    public static int HeightOf(int rows) => (rows * RowHeight) + AxisHeight;

    public static void Draw(Figure figure, IReadOnlyList<SourceResult> results, int left, int top, int width)
    {
        double[] all = [.. results.SelectMany(result => result.Images).Select(image => image.Score.Overlap.Dice)];
        double[] ticks = Ink.Ticks(all.Min(), 1);
        (int from, int to, int bottom) = (left + LabelWidth, left + width - NumberWidth, top + (results.Count * RowHeight));
        double X(double dice) => from + ((to - from) * (dice - ticks[0]) / (ticks[^1] - ticks[0]));
        foreach (double tick in ticks)
        {
            figure.Line([(X(tick), top), (X(tick), bottom)], Ink.Line);
            figure.Text(X(tick), bottom + 20, Units.Fixed(tick, ticks[1] - ticks[0] < 0.01 ? 3 : 2), 10, Ink.Faint, Anchor.Middle);
        }
        for (int row = 0; row < results.Count; row++)
            DrawRow(figure, results[row], left, top + (row * RowHeight) + (RowHeight / 2), to, X);
        const string Key = "point: an image; box: quartiles and median; whiskers: the last point within 1.5 boxes; "
            + "diamond: mean, with 95 % interval";
        figure.Text(from, bottom + 44, Key, 8.5, Ink.Faint);
    }

    private static void DrawRow(Figure figure, SourceResult result, int left, int middle, int to, Func<double, double> x)
    {
        double[] sorted = [.. result.Images.Select(image => image.Score.Overlap.Dice).Order()];
        double low = Quantile.OfSorted(sorted, 0.25), median = Quantile.OfSorted(sorted, 0.5), high = Quantile.OfSorted(sorted, 0.75);
        double reach = WhiskerBoxes * (high - low);
        double first = sorted.First(dice => dice >= low - reach), last = sorted.Last(dice => dice <= high + reach);
        int box = middle - 10;
        foreach ((double a, double b) in (ReadOnlySpan<(double, double)>)[(first, low), (high, last)])
            figure.Line([(x(a), box), (x(b), box)], Ink.Box, 1.5);
        foreach (double end in (ReadOnlySpan<double>)[first, last]) figure.Line([(x(end), box - 6), (x(end), box + 6)], Ink.Box, 1.5);
        int boxLeft = (int)Math.Round(x(low));
        figure.Fill(boxLeft, box - 10, (int)Math.Round(x(high)) - boxLeft, 20, Ink.Box, 0.18);
        figure.Line([(x(low), box - 10), (x(high), box - 10), (x(high), box + 10), (x(low), box + 10)], Ink.Box, 1.5, closed: true);
        figure.Line([(x(median), box - 10), (x(median), box + 10)], Ink.Box, 3);
        // The golden ratio spreads points of nearly the same Dice evenly, the same way on every run.
        for (int i = 0; i < sorted.Length; i++)
            figure.Line([(x(sorted[i]), middle + 10 + (12 * (i * 0.6180339887 % 1)))], Ink.Dark, 5, opacity: 0.55);
        MeasureSummary dice = result.Summary(Measure.Dice)!;
        if (dice.Interval is { } interval) figure.Line([(x(interval.Low), box), (x(interval.High), box)], Ink.Mean, 3);
        double mean = x(dice.Mean);
        for (double size = 7; size > 0; size -= 2)
            figure.Line([(mean - size, box), (mean, box - size), (mean + size, box), (mean, box + size)], Ink.Mean, 2, closed: true);
        figure.Text(left, middle - 4, Ink.Fit(result.Name, 12, LabelWidth - 20), 12, Ink.Dark);
        figure.Text(to + 24, middle - 4, $"{dice}", 11, Ink.Dark);
    }
}

/// <summary>Mean Dice by threshold, a line for each network and a ring at its best.</summary>
internal static class SweepPlot
{
    private const int LabelWidth = 170, LegendWidth = 250, Title = 30, AxisHeight = 50;

    public static void Draw(
        Figure figure, IReadOnlyList<SourceResult> results, IReadOnlyList<float> thresholds, int left, int top, int width, int height)
    {
        double[][] lines = [.. results.Select(result => result.Sweep(thresholds))];
        double[] ticks = Ink.Ticks(lines.Min(line => line.Min()), lines.Max(line => line.Max()));
        (int from, int to, int high, int bottom) = (left + LabelWidth, left + width - LegendWidth, top + Title, top + height - AxisHeight);
        figure.Text(left, top + 12, "Dice by threshold", 12, Ink.Dark);
        double X(double threshold) => from + ((to - from) * threshold);
        double Y(double dice) => bottom - ((bottom - high) * (dice - ticks[0]) / (ticks[^1] - ticks[0]));
        foreach (double tick in ticks)
        {
            figure.Line([(from, Y(tick)), (to, Y(tick))], Ink.Line);
            figure.Text(from - 10, Y(tick) + 5, Units.Fixed(tick, ticks[1] - ticks[0] < 0.01 ? 3 : 2), 10, Ink.Faint, Anchor.Right);
        }
        for (int i = 0; i <= 10; i += 2) figure.Text(X(i / 10.0), bottom + 20, Units.Fixed(i / 10.0, 1), 10, Ink.Faint, Anchor.Middle);
        figure.Text((from + to) / 2.0, bottom + 42, "threshold", 10, Ink.Faint, Anchor.Middle);
        for (int i = 0; i < lines.Length; i++)
        {
            Rgb color = Ink.Series[i % Ink.Series.Count];
            double[] line = lines[i];
            int best = Array.IndexOf(line, line.Max());
            figure.Line([.. line.Select((dice, k) => (X(thresholds[k]), Y(dice)))], color, 2);
            (double bestX, double bestY) = (X(thresholds[best]), Y(line[best]));
            IEnumerable<double> angles = Enumerable.Range(0, 24).Select(k => k * Math.PI / 12);
            figure.Line([.. angles.Select(a => (bestX + (6 * Math.Cos(a)), bestY + (6 * Math.Sin(a))))], color, 2, closed: true);
            figure.Line([(to + 24, high + (i * 22)), (to + 46, high + (i * 22))], color, 3);
            string label = Ink.Fit($"{results[i].Name}: best {Units.Fixed(thresholds[best], 2)}", 10, LegendWidth - 60);
            figure.Text(to + 56, high + (i * 22) + 5, label, 10, Ink.Dark);
        }
    }
}

/// <summary>A small image with the outlines of reference and prediction, and what is written below it.</summary>
internal sealed record CasePanel(Figure Image, string Name, string Caption)
{
    /// <summary>Width and height in pixels.</summary>
    public const int Side = 284;

    /// <summary>Blue for the reference and orange for the prediction: colour-blind readers tell them apart.</summary>
    public static readonly Rgb ReferenceColor = new(86, 180, 233), PredictionColor = new(255, 160, 0);

    private const double OutlineThickness = 1.6;

    public static CasePanel Draw(string name, Radiograph image, LungMask reference, LungMask prediction, MaskScore score)
    {
        double scale = Math.Min((double)Side / image.Width, (double)Side / image.Height);
        (int width, int height) = (Scaled(image.Width), Scaled(image.Height));
        (int left, int top) = ((Side - width) / 2, (Side - height) / 2);
        byte[] grey = width <= image.Width && height <= image.Height
            ? Preview.Shrink(Overlay.Grey(image), image.Width, image.Height, width, height)
            : OpenCvResize.Linear(Overlay.Grey(image), image.Width, image.Height, 1, width, height);
        byte[] rgb = new byte[3 * grey.Length];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = grey[i / 3];
        var panel = new Figure(Side, Side);
        panel.Fill(0, 0, Side, Side, default);
        panel.Image(left, top, width, height, rgb);
        panel.Outline(reference, left, top, (double)width / image.Width, ReferenceColor, OutlineThickness);
        panel.Outline(prediction, left, top, (double)width / image.Width, PredictionColor, OutlineThickness);
        return new CasePanel(panel, name, Below(score));

        int Scaled(int size) => Math.Max(1, (int)Math.Round(size * scale));
    }

    private static string Below(MaskScore score)
    {
        string dice = $"Dice {Units.Fixed(score.Overlap.Dice, 3)}";
        return score.Millimetres is { } mm
            ? $"{dice}, Hausdorff 95 % {Units.Fixed(mm.Percentile95, 1)} mm"
            : score.Pixels is { } px ? $"{dice}, Hausdorff 95 % {Units.Fixed(px.Percentile95, 1)} px" : dice;
    }
}

/// <summary>Colours and scales of figures.</summary>
internal static class Ink
{
    public static readonly Rgb Dark = new(33, 37, 41), Faint = new(105, 112, 119), Line = new(222, 226, 230);

    public static readonly Rgb Box = new(0, 114, 178), Mean = new(213, 94, 0);

    /// <summary>Okabe and Ito's colours, which colour-blind readers tell apart.</summary>
    public static IReadOnlyList<Rgb> Series { get; } =
    [
        new(0, 114, 178), new(230, 159, 0), new(0, 158, 115), new(204, 121, 167), new(86, 180, 233), new(213, 94, 0), new(0, 0, 0),
        new(150, 140, 30), new(120, 94, 240),
    ];

    /// <summary>A text as long as fits, with dots for what does not.</summary>
    public static string Fit(string text, double size, double width)
    {
        if (Figure.TextWidth(text, size) <= width) return text;
        int kept = text.Length;
        while (kept > 1 && Figure.TextWidth($"{text[..kept]}...", size) > width) kept--;
        return $"{text[..kept]}...";
    }

    /// <summary>Round numbers from one below the least to one above the largest, 4 to 8 steps.</summary>
    public static double[] Ticks(double minimum, double largest)
    {
        double step = ((double[])[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5])
            .First(s => (largest - minimum) / s <= 7 || s == 0.5);
        int first = (int)Math.Floor((minimum + 1e-9) / step), last = (int)Math.Ceiling((largest - 1e-9) / step);
        return [.. Enumerable.Range(first, Math.Max(last, first + 1) - first + 1).Select(i => i * step)];
    }
}
