using System.Globalization;

namespace LungSeg.Imaging.Drawing;

/// <summary>
/// A font of strokes for the labels of figures, of this project's own drawing: ASCII, and an empty box for every other character.
/// </summary>
internal static class StrokeFont
{
    /// <summary>The thickness of a stroke as a share of the capitals' height.</summary>
    public const double Weight = 0.115;

    private const double CapHeight = 20, Gap = 5.2, Space = 7, BoxWidth = 11;
    private const int CurveSteps = 6;
    private static readonly Glyph Box = Parse($"{BoxWidth}|0,0 0,20 11,20 11,0 0,0");
    private static readonly Dictionary<char, Glyph> Glyphs = StrokeGlyphs.All.ToDictionary(pair => pair.Key, pair => Parse(pair.Value));

    /// <summary>The strokes of a text: x from its left end, y upwards from its base line.</summary>
    public static IEnumerable<(double X, double Y)[]> Strokes(string text, double size)
    {
        double scale = size / CapHeight, at = 0;
        foreach (char c in text)
        {
            Glyph glyph = Of(c);
            foreach ((double X, double Y)[] stroke in glyph.Strokes)
                yield return Array.ConvertAll(stroke, point => ((at + point.X) * scale, point.Y * scale));
            at += glyph.Width + Gap;
        }
    }

    /// <summary>How long a text is whose capitals are <paramref name="size"/> high.</summary>
    public static double Width(string text, double size) =>
        text.Length == 0 ? 0 : (text.Sum(c => Of(c).Width + Gap) - Gap) * size / CapHeight;

    private static Glyph Of(char c) => c == ' ' ? new Glyph(Space - Gap, []) : Glyphs.GetValueOrDefault(c, Box);

    private static Glyph Parse(string text)
    {
        string[] parts = text.Split('|');
        return new Glyph(Number(parts[0]), parts[1].Length == 0 ? [] : [.. parts[1].Split(';').Select(Stroke)]);
    }

    /// <summary>A stroke is points; one marked with ~ is the control point of a quadratic curve between its neighbours.</summary>
    private static (double X, double Y)[] Stroke(string text)
    {
        List<(double X, double Y)> points = [];
        (double X, double Y)? control = null;
        foreach (string word in text.Split(' '))
        {
            (double X, double Y) point = Point(word.TrimStart('~'));
            if (word[0] == '~')
            {
                control = point;
                continue;
            }
            if (control is { } c)
                Curve(points, c, point);
            points.Add(point);
            control = null;
        }
        return [.. points];
    }

    private static void Curve(List<(double X, double Y)> points, (double X, double Y) control, (double X, double Y) to)
    {
        (double X, double Y) from = points[^1];
        for (int i = 1; i < CurveSteps; i++)
        {
            double t = (double)i / CurveSteps, a = (1 - t) * (1 - t), b = 2 * t * (1 - t), c = t * t;
            points.Add(((a * from.X) + (b * control.X) + (c * to.X), (a * from.Y) + (b * control.Y) + (c * to.Y)));
        }
    }

    private static (double X, double Y) Point(string text)
    {
        int comma = text.IndexOf(',');
        return (Number(text.AsSpan(0, comma)), Number(text.AsSpan(comma + 1)));
    }

    private static double Number(ReadOnlySpan<char> text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private sealed record Glyph(double Width, (double X, double Y)[][] Strokes);
}
