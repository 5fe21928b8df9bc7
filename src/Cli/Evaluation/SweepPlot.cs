using LungSeg.Imaging.Drawing;

namespace LungSeg.Cli.Evaluation;

/// <summary>Mean Dice by threshold, a line for each network and a ring at its best.</summary>
internal static class SweepPlot
{
    private const int LabelWidth = 170, LegendWidth = 250, Title = 30, AxisHeight = 50;

    public static void Draw(Figure figure, IReadOnlyList<SourceResult> results, IReadOnlyList<float> thresholds, int left, int top, int width, int height)
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
            figure.Line([.. Enumerable.Range(0, 24).Select(k => (X(thresholds[best]) + (6 * Math.Cos(k * Math.PI / 12)), Y(line[best]) + (6 * Math.Sin(k * Math.PI / 12))))], color, 2, closed: true);
            figure.Line([(to + 24, high + (i * 22)), (to + 46, high + (i * 22))], color, 3);
            figure.Text(to + 56, high + (i * 22) + 5, Ink.Fit($"{results[i].Name}: best {Units.Fixed(thresholds[best], 2)}", 10, LegendWidth - 60), 10, Ink.Dark);
        }
    }
}
