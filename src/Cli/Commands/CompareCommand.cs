using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>compare A B</c>: compares two masks, two probability maps, or two folders of them, matched by name.</summary>
internal static class CompareCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg compare a.mask.png b.mask.png", "compare two masks"),
        new("lungseg compare masks_a masks_b -o difference", "compare files of the same names, and draw the differences"),
    ];

    public static Command Create()
    {
        var first = new Argument<string>("A")
        {
            Description = "Mask or probability map: image, DICOM segmentation, NumPy array, or safetensors file with the tensor 'output'; "
                + "or a folder of them",
        };
        var second = new Argument<string>("B") { Description = "The mask, map or folder to compare with" };
        var directory = new Option<string?>("--output", "-o")
        {
            Description = "Write NAME.difference.png into this directory: white in both, orange in A only, blue in B only",
            HelpName = "DIR",
        };
        Option<string> labels = CommonOptions.Labels();
        Option<bool> json = CommonOptions.Json();

        var command = new CliCommand("compare", "Compare masks or probability maps: Dice, IoU, differences.", Examples)
        {
            first, second, directory, labels, json,
        };
        command.SetAction(parsed =>
        {
            (string a, string b) = (parsed.GetRequiredValue(first), parsed.GetRequiredValue(second));
            bool union = parsed.GetValue(labels) == CommonOptions.Union;
            string? target = parsed.GetValue(directory);
            if (target is not null) OutputDirectory.Check(target);
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            (string Name, string A, string B)[] pairs = Pairs(a, b, streams.Error);
            var results = new List<MaskComparison>();
            IReadOnlyList<string> stems = OutputNames.Of([.. pairs.Select(pair => new Input(pair.A, pair.Name))]);
            foreach (((string name, string fileA, string fileB), string stem) in pairs.Zip(stems))
            {
                try
                {
                    string? image = target is null ? null : Path.Combine(target, $"{stem}.difference.png");
                    results.Add(Compare(name, fileA, fileB, union, image));
                }
                catch (Exception e) when (CommandLine.IsInput(e))
                {
                    CommandLine.Tell(streams.Error, e);
                }
            }
            if (parsed.GetValue(json)) WriteJson(streams.Output, results);
            else if (results.Count > 0) Write(streams.Output, results);
            return ExitCode.Of(pairs.Length - results.Count, pairs.Length);
        });
        return command;
    }

    private static MaskComparison Compare(string name, string fileA, string fileB, bool union, string? target)
    {
        (Comparable a, Comparable b) = (Comparable.Read(fileA, union), Comparable.Read(fileB, union));
        var result = MaskComparison.Of(name, a, b);
        if (target is not null)
        {
            OutputDirectory.Create(Path.GetDirectoryName(target)!);
            MaskComparison.WriteImage(target, a, b);
        }
        return result;
    }

    private static (string Name, string A, string B)[] Pairs(string a, string b, TextWriter error)
    {
        if (Directory.Exists(a) != Directory.Exists(b))
            throw new UsageException($"two files or two folders expected: one of '{a}' and '{b}' is a folder");
        if (!Directory.Exists(a)) return [(Path.GetFileName(a), a, b)];
        string[] namesA = Names(a), namesB = Names(b);
        string[] common = [.. namesA.Intersect(namesB)];
        if (common.Length == 0) throw new UsageException($"'{a}' and '{b}' have no file name in common");
        Skipped(a, namesA.Except(common));
        Skipped(b, namesB.Except(common));
        return [.. common.Select(name => (name, Path.Combine(a, name), Path.Combine(b, name)))];

        void Skipped(string folder, IEnumerable<string> names)
        {
            string[] alone = [.. names];
            if (alone.Length == 0) return;
            string more = alone.Length > 5 ? $" and {alone.Length - 5} more" : "";
            CommandLine.Tell(error, $"only in '{folder}', not compared: {string.Join(", ", alone.Take(5))}{more}");
        }
    }

    /// <summary>The masks and maps in a folder, without the overlays and other drawings that segment writes beside them.</summary>
    private static string[] Names(string folder) =>
    [
        .. Directory.EnumerateFiles(folder)
            .Where(Comparable.CanRead)
            .Select(file => Path.GetFileName(file))
            .Where(name => !MaskFolder.IsImage(OutputNames.Short(name)))
            .Order(StringComparer.Ordinal),
    ];

    private static void Write(TextWriter output, List<MaskComparison> results)
    {
        Table table = Tables.Create("name", "kind", "Dice#", "IoU#", "largest difference#", "mean#", "differing pixels#");
        foreach (MaskComparison r in results)
        {
            Tables.Row(table,
            [
                r.Name, r.Masks ? "masks" : "maps", Units.Fixed(r.Dice, 4), Units.Fixed(r.Iou, 4), Units.Fixed(r.LargestDifference, 6),
                Units.Fixed(r.MeanDifference, 6), $"{r.DifferingPixels} of {r.Pixels}",
            ]);
        }
        Tables.Write(output, table);
        if (results.Count < 2) return;
        MaskComparison worst = results.MinBy(r => r.Dice)!;
        string mean = Units.Fixed(results.Average(r => r.Dice), 4);
        output.WriteLine($"Dice of {results.Count}: mean {mean}, worst {Units.Fixed(worst.Dice, 4)} ({worst.Name})");
    }

    private static void WriteJson(TextWriter output, List<MaskComparison> results) => Json.Write(output, json =>
    {
        json.WriteStartArray();
        foreach (MaskComparison r in results) WriteResult(json, r);
        json.WriteEndArray();
    });

    private static void WriteResult(Utf8JsonWriter json, MaskComparison r)
    {
        json.WriteStartObject();
        json.WriteString("name", r.Name);
        json.WriteString("kind", r.Masks ? "masks" : "maps");
        json.WriteNumber("dice", r.Dice);
        json.WriteNumber("iou", r.Iou);
        Json.Number(json, "largest_difference", r.LargestDifference);
        Json.Number(json, "mean_difference", r.MeanDifference);
        json.WriteNumber("differing_pixels", r.DifferingPixels);
        json.WriteNumber("pixels", r.Pixels);
        json.WriteEndObject();
    }
}

/// <summary>How two masks or probability maps agree; for Dice, IoU and differing pixels maps are cut at a half.</summary>
internal sealed record MaskComparison
{
    private const float Half = 0.5f;

    public required string Name { get; init; }

    public required bool Masks { get; init; }

    /// <summary>2·|A∩B| / (|A|+|B|); 1 for two empty masks.</summary>
    public required double Dice { get; init; }

    /// <summary>|A∩B| / |A∪B|; 1 for two empty masks.</summary>
    public required double Iou { get; init; }

    public required double LargestDifference { get; init; }

    public required double MeanDifference { get; init; }

    /// <summary>Pixels that are lung in one and not in the other.</summary>
    public required long DifferingPixels { get; init; }

    public required long Pixels { get; init; }

    public static MaskComparison Of(string name, Comparable a, Comparable b)
    {
        if (a.Width != b.Width || a.Height != b.Height)
            throw new UsageException($"'{name}': {a.Width} x {a.Height} and {b.Width} x {b.Height} pixels cannot be compared");
        var overlap = MaskOverlap.Of(a.Cut(Half), b.Cut(Half));
        double largest = 0, sum = 0;
        for (int i = 0; i < a.Values.Length; i++)
        {
            double difference = Math.Abs((double)a.Values[i] - b.Values[i]);
            if (double.IsNaN(difference)) difference = double.PositiveInfinity;
            largest = Math.Max(largest, difference);
            sum += difference;
        }
        return new MaskComparison
        {
            Name = name,
            Masks = a.IsMask && b.IsMask,
            Dice = overlap.Dice,
            Iou = overlap.Iou,
            LargestDifference = largest,
            MeanDifference = sum / a.Values.Length,
            DifferingPixels = overlap.Differing,
            Pixels = a.Values.Length,
        };
    }

    /// <summary>Draws the two: white in both, orange in the first only, blue in the second only; maps are cut at a half.</summary>
    public static void WriteImage(string path, Comparable a, Comparable b)
    {
        byte[] rgb = new byte[3 * a.Values.Length];
        for (int i = 0; i < a.Values.Length; i++)
        {
            (byte red, byte green, byte blue) = (a.Values[i] > Half, b.Values[i] > Half) switch
            {
                (true, true) => ((byte)255, (byte)255, (byte)255),
                (true, false) => ((byte)230, (byte)159, (byte)0),
                (false, true) => ((byte)0, (byte)114, (byte)178),
                _ => default,
            };
            (rgb[3 * i], rgb[(3 * i) + 1], rgb[(3 * i) + 2]) = (red, green, blue);
        }
        ImageWriter.WritePng(path, a.Width, a.Height, 3, rgb);
    }
}
