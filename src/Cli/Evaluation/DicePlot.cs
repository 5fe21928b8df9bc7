using LungSeg.Imaging.Drawing;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

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
        for (int row = 0; row < results.Count; row++) DrawRow(figure, results[row], left, top + (row * RowHeight) + (RowHeight / 2), to, X);
        figure.Text(from, bottom + 44, "point: an image; box: quartiles and median; whiskers: the last point within 1.5 boxes; diamond: mean, with 95 % interval", 8.5, Ink.Faint);
    }

    private static void DrawRow(Figure figure, SourceResult result, int left, int middle, int to, Func<double, double> x)
    {
        double[] sorted = [.. result.Images.Select(image => image.Score.Overlap.Dice).Order()];
        double low = Quantile.OfSorted(sorted, 0.25), median = Quantile.OfSorted(sorted, 0.5), high = Quantile.OfSorted(sorted, 0.75);
        double reach = WhiskerBoxes * (high - low);
        double first = sorted.First(dice => dice >= low - reach), last = sorted.Last(dice => dice <= high + reach);
        int box = middle - 10;
        foreach ((double a, double b) in (ReadOnlySpan<(double, double)>)[(first, low), (high, last)]) figure.Line([(x(a), box), (x(b), box)], Ink.Box, 1.5);
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
