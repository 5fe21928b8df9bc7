using System.CommandLine;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Runs;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.Imaging.Drawing;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>evaluate IMAGES MASKS…</c>: how well networks, or masks made before, agree with reference masks.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var images = new Argument<string>("IMAGES") { Description = "A folder of images, with what is below it, or one image" };
        var masks = new Argument<string[]>("MASKS")
        {
            Description = "The folder of their masks, NAME.png, NAME.mask.png or NAME_mask.png for NAME.png; of several folders the union is taken; if none is given, masks beside the images",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var networks = new Option<string[]>("--network")
        {
            Description = $"Networks by comma, or {NetworkChoice.All} that have weights; {NetworkWeights.DefaultNetwork} if not given",
            HelpName = $"{NetworkChoice.All}|KEY,KEY",
            CompletionSources = { new[] { NetworkChoice.All }.Concat(CommonOptions.NetworkKeys).ToArray() },
        };
        var predictions = new Option<string?>("--predictions") { Description = "A folder of masks or probability maps made before, instead of running a network", HelpName = "DIR" };
        var ignore = new Option<string?>("--ignore") { Description = "A folder of masks of what is not counted, named as the masks are, such as heart and mediastinum", HelpName = "DIR" };
        Option<string> labels = CommonOptions.Labels();
        Option<string?> weights = CommonOptions.Weights("A weights file instead of the network's file in the weights folder");
        var devices = new DeviceChoices();
        Option<double?> threshold = CommonOptions.Number("--threshold", "Lung is what is more probable than this; 0.5 if not given", 0, 1);
        var sweep = new Option<bool>("--threshold-sweep") { Description = "Also Dice at thresholds from 0.05 to 0.95" };
        Option<string> mode = CommonOptions.Mode();
        Option<int> size = CommonOptions.Whole("--size", "Height and width that the network sees; its own if not given", 1, 8192, 0);
        Option<string> contrast = CommonOptions.Contrast();
        var directory = new Option<string?>("--output", "-o") { Description = "Write evaluation.csv, evaluation.json and evaluation.png there", HelpName = "DIR" };
        Option<bool> json = CommonOptions.Json();

        var command = new Command("evaluate", "Measure masks against reference masks: Dice, IoU, precision, recall, surface distances, with confidence intervals.")
        {
            images, masks, networks, predictions, ignore, labels, weights, threshold, sweep, mode, size, contrast, directory, json,
        };
        devices.AddTo(command);
        var dicom = new DicomChoices();
        dicom.AddTo(command);
        command.SetAction(parsed =>
        {
            string? target = parsed.GetValue(directory), made = parsed.GetValue(predictions), file = parsed.GetValue(weights);
            if (target is not null) OutputDirectory.Check(target);
            if (made is not null && CommonOptions.Given(parsed, [networks, weights, .. devices.All, mode, size, contrast]) is { } given)
                throw new UsageException($"{given.Name} goes with a network, not with --predictions");
            string folder = parsed.GetRequiredValue(images);
            string[] references = parsed.GetValue(masks) ?? [];
            IReadOnlyList<float> thresholds = parsed.GetValue(sweep) ? EvaluationRun.SweepThresholds : [];
            EvaluationPairs pairs = EvaluationPairs.Of(folder, references, made, maps: thresholds.Count > 0, parsed.GetValue(ignore));
            bool union = parsed.GetValue(labels) == CommonOptions.Union;
            var choice = made is null ? NetworkChoice.Of(parsed.GetValue(networks) ?? [], file) : new NetworkChoice([], []);
            TextWriter error = parsed.InvocationConfiguration.Error;
            foreach (string notice in pairs.Notices) CommandLine.Tell(error, notice);
            if (choice.Missing.Count > 0)
                CommandLine.Tell(error, $"not evaluated, as '{WeightsFolder.Default.Path}' has no weights of them: {string.Join(", ", choice.Missing.Select(network => network.Key))}");

            if (target is not null) OutputDirectory.Prepare(target);
            using IBackend? backend = made is null ? devices.Open(parsed, error) : null;
            var options = new LungSegmenterOptions
            {
                WeightsFile = file,
                Backend = backend,
                CompactHeap = true,
                Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                Mode = parsed.GetValue(mode) == "study" ? SegmentationMode.Study : SegmentationMode.Native,
                StretchContrast = parsed.GetValue(contrast) != CommonOptions.Off,
                NetworkSize = parsed.GetValue(size) is > 0 and int side ? side : null,
            };
            var run = new EvaluationRun(dicom.Read(parsed), thresholds, union);
            List<SourceResult> results = [];
            IEnumerable<IMaskSource> sources = made is null ? choice.Asked.Select(network => Load(network, options)) : [new FileSource(made, options.Threshold, union)];
            var progress = new RunProgress(pairs.Pairs.Count * Math.Max(1, choice.Asked.Count));
            ProgressDisplay.Show(error, progress, tell =>
            {
                foreach (IMaskSource source in sources)
                {
                    using (source) results.Add(run.Run(source, pairs.Pairs, progress, tell));
                }
            });
            (string, string)[] conditions =
            [
                ("images", folder), ("masks", references.Length > 0 ? string.Join(", ", references) : "beside the images"),
                .. parsed.GetValue(ignore) is { } left ? new[] { ("not counted", left) } : [],
                .. union ? new[] { ("labels", CommonOptions.Union) } : [],
                .. made is null ? new[] { ("mode", parsed.GetRequiredValue(mode)) } : [], ("threshold", Units.Fixed(options.Threshold, 2)),
            ];
            return Report(new EvaluationReport(conditions, results, choice.Missing, thresholds, pairs.Notices), target, parsed.GetValue(json), parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    private static NetworkSource Load(Architecture? network, LungSegmenterOptions options) =>
        new(LungSegmenter.Load(options with { Network = network?.Key }));

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
