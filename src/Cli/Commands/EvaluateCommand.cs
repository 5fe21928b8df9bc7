using System.CommandLine;
using LungSeg.Cli.Evaluation;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Imaging.Drawing;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>evaluate IMAGES MASKS…</c>: measures networks, or existing masks, against reference masks.</summary>
internal static class EvaluateCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg evaluate images masks -o evaluation", "evaluate the default network against masks with the images' names"),
        new("lungseg evaluate images masks --network all --threshold-sweep", "evaluate every network that has weights, by threshold"),
        new("lungseg evaluate images left right --predictions out", "evaluate existing masks against the union of two masks per image"),
    ];

    private static readonly string[] Notes =
    [
        "The mask of NAME.png is NAME.mask.png or NAME_mask.png; in a folder of its own also NAME.png. Folders are paired by relative "
            + "paths. Files without a partner are listed and not evaluated.",
        "All measures use the image's own pixels. A mask with another size and the same aspect ratio is resized to the nearest pixel; "
            + "values above a half are lung. docs/reading.md lists the encodings in which masks are read.",
        "With --precision int8, each image's mask is compared with that of the network's fp32 weights in the weights folder, too: "
            + "agreement is the Dice coefficient of the two masks.",
        "With --ignore, both masks are cleared where the third mask is set, before anything is measured.",
        "Dice, IoU, precision and recall are 1 for two empty masks and 0 where one is empty. Surface distances are measured between the "
            + "pixels of the outlines, in both directions: their mean, and the larger of the two 95 % quantiles. They are 0 for two "
            + "empty masks; where one is empty they are undefined and left out of the mean. They are in millimetres where the file has a "
            + "spacing.",
        "Intervals are 95 % percentile bootstrap intervals of the mean over images, with 2000 resamples, the same on every run. Images "
            + "of one patient are treated as independent.",
        "A network that is named and has no weights is an error; with 'all', networks without weights are listed.",
    ];

    public static Command Create()
    {
        var images = new Argument<string>("IMAGES") { Description = "Folder of images, with subfolders, or one image" };
        var masks = new Argument<string[]>("MASKS")
        {
            Description = "Folder of their masks, NAME.png, NAME.mask.png or NAME_mask.png for NAME.png; the union of several folders; "
                + "default: masks beside the images",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var networks = new Option<string[]>("--network")
        {
            Description = $"Networks, separated by commas, or {NetworkChoice.All} with weights; default: {NetworkWeights.DefaultNetwork}",
            HelpName = $"{NetworkChoice.All}|KEY,KEY",
            CompletionSources = { new[] { NetworkChoice.All }.Concat(CommonOptions.NetworkKeys).ToArray() },
        };
        var predictions = new Option<string?>("--predictions")
        {
            Description = "Evaluate the masks or probability maps in this folder instead of running a network",
            HelpName = "DIR",
        };
        var ignore = new Option<string?>("--ignore")
        {
            Description = "Folder of masks of regions not to count, such as heart and mediastinum, named like the masks",
            HelpName = "DIR",
        };
        Option<string> labels = CommonOptions.Labels();
        Option<string?> weights = CommonOptions.Weights("Weights file to use instead of the network's file in the weights folder");
        var devices = new DeviceChoices();
        Option<double?> threshold = CommonOptions.Threshold();
        var sweep = new Option<bool>("--threshold-sweep") { Description = "Also show Dice at thresholds from 0.05 to 0.95" };
        var mode = new ModeChoice();
        Option<int> size = CommonOptions.Size();
        Option<string> contrast = CommonOptions.Contrast();
        var directory = new Option<string?>("--output", "-o")
        {
            Description = "Write evaluation.csv, evaluation.json and evaluation.png into this directory",
            HelpName = "DIR",
        };
        Option<bool> json = CommonOptions.Json();

        var command = new CliCommand(
            "evaluate", "Measure masks against reference masks: Dice, IoU, precision, recall, surface distances, with intervals.",
            Examples, Notes)
        {
            images, masks, networks, predictions, ignore, labels, weights, threshold, sweep,
        };
        mode.AddTo(command);
        foreach (Option option in (Option[])[size, contrast, directory, json]) command.Add(option);
        devices.AddTo(command);
        var dicom = new DicomChoices();
        dicom.AddTo(command);
        command.SetAction(parsed =>
        {
            string? target = parsed.GetValue(directory), made = parsed.GetValue(predictions), file = parsed.GetValue(weights);
            if (target is not null) OutputDirectory.Check(target);
            Option[] ofNetworks = [networks, weights, .. devices.All, .. mode.All, size, contrast];
            if (made is not null && CommonOptions.Given(parsed, ofNetworks) is { } given)
                throw new UsageException($"{given.Name} applies to a network and cannot be combined with --predictions");
            string folder = parsed.GetRequiredValue(images);
            string[] references = parsed.GetValue(masks) ?? [];
            IReadOnlyList<float> thresholds = parsed.GetValue(sweep) ? EvaluationRun.SweepThresholds : [];
            EvaluationPairs pairs = EvaluationPairs.Of(folder, references, made, maps: thresholds.Count > 0, parsed.GetValue(ignore));
            bool union = parsed.GetValue(labels) == CommonOptions.Union;
            var choice = made is null
                ? NetworkChoice.Of(parsed.GetValue(networks) ?? [], file, devices.Of(parsed)) : new NetworkChoice([], []);
            TextWriter error = parsed.InvocationConfiguration.Error;
            foreach (string notice in pairs.Notices) CommandLine.Tell(error, notice);
            if (choice.Missing.Count > 0)
            {
                string missing = string.Join(", ", choice.Missing.Select(network => network.Key));
                CommandLine.Tell(error, $"not evaluated, because '{WeightsFolder.Default.Path}' has no weights for them: {missing}");
            }

            if (target is not null) OutputDirectory.Prepare(target);
            using IBackend? backend = made is null ? devices.Open(parsed, error) : null;
            var options = new LungSegmenterOptions
            {
                WeightsFile = file,
                Precision = devices.Of(parsed),
                Backend = backend,
                CompactHeap = true,
                Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                Mode = mode.Read(parsed),
                StretchContrast = parsed.GetValue(contrast) != CommonOptions.Off,
                NetworkSize = parsed.GetValue(size) is > 0 and int side ? side : null,
            };
            var run = new EvaluationRun(dicom.Read(parsed), thresholds, union);
            List<SourceResult> results = [];
            IEnumerable<IMaskSource> sources = made is null
                ? choice.Asked.Select(network => NetworkSource.Load(options with { Network = network?.Key }))
                : [new FileSource(made, options.Threshold, union)];
            var progress = new RunProgress(pairs.Pairs.Count * Math.Max(1, choice.Asked.Count));
            using (var display = ProgressDisplay.Start(error, progress))
            {
                foreach (IMaskSource source in sources)
                {
                    using (source) results.Add(run.Run(source, pairs.Pairs, progress, display.Tell));
                }
            }
            (string, string)[] conditions =
            [
                ("images", folder), ("masks", references.Length > 0 ? string.Join(", ", references) : "beside the images"),
                .. parsed.GetValue(ignore) is { } left ? new[] { ("not counted", left) } : [],
                .. union ? new[] { ("labels", CommonOptions.Union) } : [],
                .. made is null ? new[] { ("mode", ModeChoice.WordOf(options.Mode)) } : [],
                ("threshold", Units.Fixed(options.Threshold, 2)),
            ];
            var report = new EvaluationReport(conditions, results, choice.Missing, thresholds, pairs.Notices);
            return Report(report, target, parsed.GetValue(json), parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    private static int Report(EvaluationReport report, string? target, bool json, TextWriter output)
    {
        int evaluated = report.Results.Sum(result => result.Images.Count), failed = report.Results.Sum(result => result.Failures.Count);
        if (evaluated > 0)
        {
            if (json) Json.Write(output, writer => EvaluationJson.Write(writer, report));
            else EvaluationTable.Write(output, report);
            if (target is not null) WriteFiles(target, report);
        }
        return ExitCode.Of(failed, evaluated + failed);
    }

    private static void WriteFiles(string target, EvaluationReport report)
    {
        AtomicFile.Write(Path.Combine(target, "evaluation.csv"), EvaluationCsv.Render(report.Results));
        var text = new StringWriter();
        Json.Write(text, writer => EvaluationJson.Write(writer, report));
        AtomicFile.Write(Path.Combine(target, "evaluation.json"), text.ToString());
        Figure figure = EvaluationFigure.Draw(report);
        ImageWriter.WritePng(Path.Combine(target, "evaluation.png"), figure.Width, figure.Height, 3, figure.Pixels);
    }
}
