using System.Globalization;
using System.Text;
using LungSeg.Imaging;

namespace LungSeg.Models.Tests;

/// <summary>
/// How often each flag is raised by the default network: real radiographs, drawn ones, and variations of them. The table in docs/outputs.md
/// is this test's output. Some minutes of work, and so run by hand: tests/long.sh flags. LUNGSEG_PHOTOS names a folder of photographs;
/// LUNGSEG_FLAGS is a part of the rows' names, to measure some of them.
/// </summary>
public sealed class FlagSurveyTests(ITestOutputHelper output)
{
    private static readonly double[] CutLeft = [0.33, 0.5], Tints = [0.5, 0.7];
    private readonly LungSegmenter _segmenter = LungSegmenter.Load();
    private readonly StringBuilder _table = new("| images | n | doubt | flags |\n|---|---:|---|---|\n");

    [Fact(Explicit = true)]
    public void Flags_of_real_and_changed_images()
    {
        Radiograph[] real = [.. Directory.GetFiles(TestData.Shared("cxr"), "*.png")
            .Where(f => !f.EndsWith(".mask.png", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
                .Select(f => Grey(ImageReader.Read(f)))];
        Radiograph[] drawn = [.. Enumerable.Range(1, 5).Select(seed => SyntheticRadiograph.Draw(640, 640, seed).Image)];
        // The same chests from the other side, darker and brighter: 60 images.
        Radiograph[] all = [.. real.Concat(drawn).SelectMany(i => new[] { i, Mirror(i), Gamma(i, 0.7), Gamma(i, 1.5) })];
        Survey("real, as they are", real, [("", 9, 10)]);
        Survey("drawn, as they are", drawn, [("", 5, 5)]);
        Survey("mirrored left to right, darker, brighter", [.. all.Where((_, i) => i % 4 != 0)], [("", 40, 45)]);
        Survey("negatives", all.Select(i => Map(i, s => 255 - s)), [("inverted", 58, 60)]);
        Survey("turned by 180 degrees", all.Select(i => Mirror(Flip(i))), [("rotated", 54, 60)]);
        Survey("upside down", all.Select(Flip), [("rotated", 54, 60)]);
        Survey("negatives turned by 180 degrees", all.Select(i => Map(Mirror(Flip(i)), s => 255 - s)), []);
        Survey("turned by 90 or 270 degrees", all.SelectMany(i => new[] { Transpose(Flip(i)), Transpose(Mirror(i)) }),
            [("low_confidence", 110, 120)]);
        Survey("tilted by 30 degrees", all.Select((i, n) => Turn(i, n % 2 == 0 ? 30 : -30)), [("rotated", 34, 60)]);
        Survey("tilted by 15 degrees", all.Select((i, n) => Turn(i, n % 2 == 0 ? 15 : -15)), []);
        Survey("tilted by 5 degrees", all.Select((i, n) => Turn(i, n % 2 == 0 ? 5 : -5)), [("!ct_slice", 60, 60)]);
        Survey("lower 40 % cut away", all.Select(i => Crop(i, 0, 0, i.Width, i.Height * 6 / 10)), [("cut_off", 54, 60)]);
        Survey("upper 40 % cut away", all.Select(i => Crop(i, 0, i.Height * 4 / 10, i.Width, i.Height)), [("cut_off", 54, 60)]);
        foreach (double share in CutLeft)
            Survey($"left {share:P0} cut away", all.Select(i => Crop(i, (int)(share * i.Width), 0, i.Width, i.Height)), []);
        Survey("strong noise added", all.Select(Noise), []);
        foreach (double red in Tints)
            Survey($"films tinted blue (red {red:0.0}, green {(red + 1) / 2:0.00})", all.Select(i => Tint(i, red, (red + 1) / 2, 1)),
                [("!photograph", 60, 60)]);
        Survey("films tinted sepia", all.Select(i => Tint(i, 1, 0.85, 0.6)), [("!photograph", 60, 60)]);
        Survey("coloured frame drawn in", all.Select(Frame), [("color_marks", 60, 60)]);
        Survey("drawn slices of CT: bodies, windows, tables, edges", Slices(), [("ct_slice", 14, 16)]);
        Survey("even, ramp, noise, page of text", Others(), [("not_chest_xray", 4, 4)]);
        if (Environment.GetEnvironmentVariable("LUNGSEG_PHOTOS") is { Length: > 0 } folder)
        {
            Radiograph[] photographs = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(f => ImageReader.Read(f))];
            Survey("photographs in colour", photographs, [("photograph", photographs.Length, photographs.Length)]);
            Survey("the same in grey", photographs.Select(Grey), [("not_chest_xray", 0, photographs.Length)]);
        }
        output.WriteLine(_table.ToString());
    }

    /// <summary>
    /// A row of the table. A flag is to be raised by a number of the images: "" is none at all, and "!" before a name that it is not
    /// raised.
    /// </summary>
    private void Survey(string name, IEnumerable<Radiograph> images, (string Flag, int Minimum, int Maximum)[] expected)
    {
        if (!name.Contains(Environment.GetEnvironmentVariable("LUNGSEG_FLAGS") ?? "", StringComparison.Ordinal))
            return;
        List<(double Doubt, string[] Flags)> found = [];
        foreach (Radiograph image in images)
        {
            LungSegmentation result = _segmenter.Segment(image);
            found.Add((result.Measures.UncertainRatio, [.. result.Flags.Select(f => f.Name)]));
        }
        IEnumerable<string> counts = found.SelectMany(f => f.Flags).GroupBy(f => f).OrderByDescending(g => g.Count())
            .Select(g => $"`{g.Key}` {g.Count()}");
        int none = found.Count(f => f.Flags.Length == 0);
        string text = string.Join(", ", none > 0 ? counts.Append($"none {none}") : counts);
        _table.AppendLine(CultureInfo.InvariantCulture,
            $"| {name} | {found.Count} | {found.Min(f => f.Doubt):0.00} to {found.Max(f => f.Doubt):0.00} | {text} |");
        output.WriteLine(_table.ToString().Split('\n')[^2]);
        foreach ((string flag, int minimum, int maximum) in expected)
            Assert.InRange(found.Count(f => flag.Length == 0 ? f.Flags.Length == 0 : flag[0] == '!' ? !f.Flags.Contains(flag[1..])
                : f.Flags.Contains(flag)),
                minimum, maximum);
    }

    private static Radiograph Make(int width, int height, Func<int, int, double> value) =>
        new(width, height, 1, 8, [.. Enumerable.Range(0, width * height)
            .Select(i => (ushort)Math.Clamp(value(i % width, i / width), 0, 255))]);

    private static Radiograph Grey(Radiograph i) => new(i.Width, i.Height, 1, 8, Array.ConvertAll(i.ToGrey8(), g => (ushort)g));

    private static Radiograph Map(Radiograph i, Func<double, double> value) => Make(i.Width, i.Height, (x, y) => value(At(i, x, y)));

    private static double At(Radiograph i, int x, int y) => i.Samples[y * i.Width + x];

    private static Radiograph Mirror(Radiograph i) => Make(i.Width, i.Height, (x, y) => At(i, i.Width - 1 - x, y));

    private static Radiograph Flip(Radiograph i) => Make(i.Width, i.Height, (x, y) => At(i, x, i.Height - 1 - y));

    private static Radiograph Transpose(Radiograph i) => Make(i.Height, i.Width, (x, y) => At(i, y, x));

    private static Radiograph Gamma(Radiograph i, double power) => Map(i, s => 255 * Math.Pow(s / 255, power));

    private static Radiograph Crop(Radiograph i, int left, int top, int right, int bottom) =>
        Make(right - left, bottom - top, (x, y) => At(i, left + x, top + y));

    private static Radiograph Noise(Radiograph i)
    {
        Random random = new(7);
        return Map(i, s => s + 120 * (random.NextDouble() + random.NextDouble() - 1));
    }

    private static Radiograph Tint(Radiograph i, double red, double green, double blue) =>
        new(i.Width, i.Height, 3, 8, [.. i.Samples.ToArray()
            .SelectMany(s => new[] { (ushort)(red * s), (ushort)(green * s), (ushort)(blue * s) })]);

    private static Radiograph Frame(Radiograph i)
    {
        ushort[] rgb = [.. i.Samples.ToArray().SelectMany(s => new[] { s, s, s })];
        (int left, int top, int side) = (i.Width / 4, i.Height / 4, i.Width / 5);
        for (int n = 0; n < 4 * side; n++)
        {
            (int x, int y) = (n / side) switch { 0 => (n % side, 0), 1 => (n % side, side), 2 => (0, n % side), _ => (side, n % side) };
            foreach (int thick in (int[])[0, 1])
                (rgb[3 * ((top + y) * i.Width + left + x + thick)], rgb[3 * ((top + y) * i.Width + left + x + thick) + 1]) = (255, 0);
        }
        return new Radiograph(i.Width, i.Height, 3, 8, rgb);
    }

    private static Radiograph Turn(Radiograph i, double degrees)
    {
        (double sin, double cos) = Math.SinCos(double.DegreesToRadians(degrees));
        return Make(i.Width, i.Height, (x, y) =>
        {
            (double dx, double dy) = (x - i.Width / 2.0, y - i.Height / 2.0);
            (int u, int v) = ((int)(i.Width / 2.0 + cos * dx + sin * dy), (int)(i.Height / 2.0 - sin * dx + cos * dy));
            return u < 0 || v < 0 || u >= i.Width || v >= i.Height ? 0 : At(i, u, v);
        });
    }

    /// <summary>
    /// Bodies in cross-section: two sizes, moved or not, with a table below or not, in windows of lung and of soft tissue.
    /// </summary>
    private static IEnumerable<Radiograph> Slices()
    {
        Random random = new(6);
        foreach (double size in (double[])[0.75, 0.95])
            foreach (int moved in (int[])[0, 40])
                foreach (bool table in (bool[])[false, true])
                    foreach ((int lung, int tissue, int bone) in ((int, int, int)[])[(90, 230, 255), (10, 140, 240)])
                        yield return Make(512, 512, (x, y) =>
                        {
                            bool In(double cx, double cy, double rx, double ry) =>
                                Math.Pow((x - moved - cx) / rx, 2) + Math.Pow((y - cy) / ry, 2) < size * size;
                            double value = In(256, 360, 28, 28) ? bone
                                : In(276, 230, 60, 55) ? tissue + 10
                                : In(165, 250, 75, 105) || In(350, 250, 75, 105) ? lung
                                : In(256, 256, 225, 160) ? tissue
                                : table && y is > 430 and < 440 && Math.Abs(x - 256) < 200 ? tissue / 2
                                : 0;
                            return value + 8 * random.NextDouble();
                        });
    }

    private static IEnumerable<Radiograph> Others()
    {
        Random random = new(5);
        yield return Make(512, 512, (_, _) => 128);
        yield return Make(512, 512, (x, _) => x / 2);
        yield return Make(512, 512, (_, _) => random.Next(256));
        yield return Make(512, 512, (x, y) => y % 24 < 12 && x is > 40 and < 470 && (x * 7919 + y / 24 * 104729) / 9 % 3 > 0 ? 20 : 245);
    }
}
