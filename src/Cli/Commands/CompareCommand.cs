using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Comparison;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Inputs;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>compare A B</c>: two masks, two probability maps, or two folders of them, matched by name.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var first = new Argument<string>("A") { Description = "A mask or probability map (image, DICOM segmentation, NumPy array, or safetensors with 'output'), or a folder of them" };
        var second = new Argument<string>("B") { Description = "What to compare it with" };
        var directory = new Option<string?>("--output", "-o")
        {
            Description = "Write NAME.difference.png there: white in both, orange in A alone, blue in B alone",
            HelpName = "DIR",
        };
        Option<string> labels = CommonOptions.Labels();
        Option<bool> json = CommonOptions.Json();

        var command = new Command("compare", "Compare masks or probability maps: Dice, IoU, differences.") { first, second, directory, labels, json };
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
                    results.Add(Compare(name, fileA, fileB, union, target is null ? null : Path.Combine(target, $"{stem}.difference.png")));
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
        if (Directory.Exists(a) != Directory.Exists(b)) throw new UsageException($"two files or two folders expected: one of '{a}' and '{b}' is a folder");
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
            if (alone.Length > 0)
                CommandLine.Tell(error, $"only in '{folder}', not compared: {string.Join(", ", alone.Take(5))}{(alone.Length > 5 ? $" and {alone.Length - 5} more" : "")}");
        }
    }

    /// <summary>The masks and maps in a folder; overlays and the like, which segment writes beside them, are for the eye.</summary>
    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(Comparable.CanRead).Select(file => Path.GetFileName(file))
            .Where(name => !MaskFolder.IsImage(OutputNames.Short(name))).Order(StringComparer.Ordinal)];

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
        output.WriteLine($"Dice of {results.Count}: mean {Units.Fixed(results.Average(r => r.Dice), 4)}, worst {Units.Fixed(worst.Dice, 4)} ({worst.Name})");
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
