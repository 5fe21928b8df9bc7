using System.CommandLine;
using System.Text;
using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Reports;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Imaging.Scoring;
using LungSeg.IO;
using LungSeg.Models;
using LungSeg.Models.Scoring;

namespace LungSeg.Cli.Commands;

/// <summary><c>score IMAGE…</c>: the study's second stage, lesions in the lungs and a severity score from 0 to 6.</summary>
internal static class ScoreCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg score chest.png --weights lesions.safetensors -o out", "score an image: lesion mask, overlay and score as JSON"),
        new("lungseg score *.png --weights lesions.safetensors --mode study --json", "the study's own steps, and JSON"),
    ];

    private static readonly string[] Notes =
    [
        "The score counts the thirds of both lungs (of equal area, from the base up) that lesions cover by more than --score-threshold. "
            + "No weights of lesion networks come with the program: `convert` takes the study's. The study's nine lesion networks are "
            + "recognised, with their input size of 480, their labels and their preprocessing; others need --option.",
        "--mode native: masks on the image's own pixels, thirds by the patient's side. --mode study: the study's own steps bit for bit; "
            + "left and right are the image's, a third part of the lung mask may count as a lung, and one part counts for both lungs.",
    ];

    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Images: files, folders (with subfolders), patterns ('x/**/*.dcm'), or @LIST, a file with a path on each line",
            Arity = ArgumentArity.OneOrMore,
        };
        var directory = new Option<string>("--output", "-o")
        {
            Description = "Directory for the results, such as NAME.score.json; created if it does not exist",
            HelpName = "DIR",
            DefaultValueFactory = _ => ".",
        };
        var weights = new Option<string>("--weights")
        {
            Description = "Weights of the lesion network",
            HelpName = "FILE",
            Required = true,
        };
        Option<string?> network = CommonOptions.Network();
        var lungWeights = new Option<string?>("--lung-weights")
        {
            Description = "Weights of the lung network instead of those in the weights folder",
            HelpName = "FILE",
        };
        Option<double?> scoreThreshold = CommonOptions.Number(
            "--score-threshold", "Share of a third above which it counts; default: 0.5, as in the study's code", 0, 1);
        var page = new Option<bool>("--report")
        {
            Description = $"Also write {ScorePage.FileName}: all images with lungs, lesions, thirds and scores on one page",
        };
        var mode = new ModeChoice();
        Option<bool> json = CommonOptions.Json();
        var devices = new DeviceChoices();
        var dicom = new DicomChoices();
        var choices = new NetworkChoices();

        var command = new CliCommand("score", "Find lesions in the lungs and score their severity from 0 to 6.", Examples, Notes)
        {
            images, directory, weights, network, lungWeights, scoreThreshold,
        };
        mode.AddTo(command);
        command.Add(page);
        command.Add(json);
        choices.AddTo(command);
        devices.AddTo(command);
        dicom.AddTo(command);
        command.SetAction(parsed =>
        {
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            string output = parsed.GetRequiredValue(directory);
            OutputDirectory.Check(output);
            var inputs = InputCollection.Of(parsed.GetRequiredValue(images), output);
            using IBackend backend = devices.Open(parsed, streams.Error);
            using var scorer = LesionScorer.Load(
                parsed.GetRequiredValue(weights),
                new LungSegmenterOptions
                {
                    Network = parsed.GetValue(network),
                    WeightsFile = parsed.GetValue(lungWeights),
                    Precision = devices.Of(parsed),
                    Mode = mode.Read(parsed),
                    Backend = backend,
                    CompactHeap = true,
                },
                choices.Options(parsed), choices.Part(parsed));
            if (scorer.Network.Assumptions is { Count: > 0 } assumptions)
            {
                string assumed = string.Join("; ", assumptions);
                CommandLine.Tell(streams.Error, $"warning: not in the checkpoint, assumed (see --option): {assumed}");
            }
            OutputDirectory.Create(output);
            List<ScoredImage> scored = [];
            List<(string, string)> failed = [];
            double threshold = parsed.GetValue(scoreThreshold) ?? LesionScore.DefaultThreshold;
            foreach (Input input in inputs.Inputs)
            {
                try
                {
                    if (input.Fault is { } fault) throw new UsageException(fault);
                    LesionResult result = scorer.Score(ImageReader.Read(input.Path, dicom.Read(parsed)));
                    ScoreReport report = Report(scorer, result, threshold);
                    string stem = Path.Combine(output, input.Stem);
                    OutputDirectory.Create(Path.GetDirectoryName(Path.GetFullPath(stem))!);
                    AtomicFile.Write([.. report.Files.Select(file => (stem + file.Extension, file.Write))]);
                    Write(streams.Output, input, report, parsed.GetValue(json));
                    if (parsed.GetValue(page)) scored.Add(ScoredImage.Of(input.Name, input.Stem, report));
                }
                catch (Exception e) when (CommandLine.IsInput(e))
                {
                    failed.Add((input.Name, CommandLine.Message(e)));
                    CommandLine.Tell(streams.Error, e);
                }
            }
            if (parsed.GetValue(page))
            {
                var report = new ScorePage(scored, failed, threshold, Conditions(scorer, mode.Read(parsed)), Warnings(scorer));
                AtomicFile.Write(Path.Combine(output, ScorePage.FileName), report.Write);
            }
            return ExitCode.Of(failed.Count, inputs.Inputs.Count);
        });
        return command;
    }

    private static IReadOnlyList<(string, string)> Conditions(LesionScorer scorer, SegmentationMode mode) =>
    [
        ("lesion network", $"{scorer.Network.Name} at {scorer.Network.InputSize} x {scorer.Network.InputSize}"),
        ("its weights", $"{Path.GetFileName(scorer.WeightsFile)}, SHA-256 {WeightsHash.OfFile(scorer.WeightsFile)}"),
        ("mode", ModeChoice.WordOf(mode)), ("program", $"{Software.Name} {Software.Version}"),
    ];

    // No weights of lesion networks come with the program, so that it knows of none what they were trained on.
    private static IReadOnlyList<string> Warnings(LesionScorer scorer) =>
    [
        $"The weights of the lesion network, {Path.GetFileName(scorer.WeightsFile)}, do not come with LungSeg. The program cannot tell "
            + "whether they are trained, nor on what: weights that are not trained give scores all the same, and they mean nothing.",
        .. LesionNetworks.Has(scorer.Network) ? Array.Empty<string>()
            : [$"{scorer.Network.Name} is none of the nine lesion networks of the study."],
        .. scorer.Network.Assumptions is { Count: > 0 } assumed
            ? [$"Not in the checkpoint, assumed: {string.Join("; ", assumed)}."] : Array.Empty<string>(),
    ];

    private static ScoreReport Report(LesionScorer scorer, LesionResult result, double threshold) => new(
        result.Lungs, result.Canvas, result.LungMask, result.Lesions, result.Score, threshold,
        (scorer.Network.Key, scorer.WeightsFile, scorer.Network.InputSize), result.Label);

    private static void Write(TextWriter output, Input input, ScoreReport report, bool asJson)
    {
        if (!asJson)
        {
            string thirds = string.Join(", ", report.Score.Thirds.Select(third => $"{third.Name} {Units.Fixed(100 * third.Ratio, 1)} %"));
            string label = report.Label is { } value ? $", label {Units.Fixed(value, 3)}" : "";
            output.WriteLine($"{Printable.Of(input.Path)}: score {report.Score.At(report.Threshold)} of 6 ({thirds}{label})");
            return;
        }
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Json.OneLine))
        {
            json.WriteStartObject();
            json.WriteString("file", input.Path);
            report.WriteMembers(json);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}
