using LungSeg.Imaging.Drawing;

namespace LungSeg.Cli.Evaluation;

/// <summary>Colours and scales of figures.</summary>
internal static class Ink
{
    public static readonly Rgb Dark = new(33, 37, 41), Faint = new(105, 112, 119), Line = new(222, 226, 230), Box = new(0, 114, 178), Mean = new(213, 94, 0);

    /// <summary>Okabe and Ito's colours, which colour-blind readers tell apart.</summary>
    public static IReadOnlyList<Rgb> Series { get; } =
    [
        new(0, 114, 178), new(230, 159, 0), new(0, 158, 115), new(204, 121, 167), new(86, 180, 233), new(213, 94, 0), new(0, 0, 0), new(150, 140, 30), new(120, 94, 240),
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
    public static double[] Ticks(double least, double largest)
    {
        double step = ((double[])[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]).First(s => (largest - least) / s <= 7 || s == 0.5);
        int first = (int)Math.Floor((least + 1e-9) / step), last = (int)Math.Ceiling((largest - 1e-9) / step);
        return [.. Enumerable.Range(first, Math.Max(last, first + 1) - first + 1).Select(i => i * step)];
    }
}
