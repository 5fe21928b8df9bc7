using System.CommandLine;
using LungSeg.Cli.Runs;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>segment IMAGE…</c>: masks, overlays and what else --format names, of files and whole folders.</summary>
internal static class SegmentCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "DICOM, PNG, JPEG, JPEG 2000, BMP, TIFF or GIF images: files, folders with all below them, patterns ('x/**/*.dcm'), or @LIST, a file of paths",
            Arity = ArgumentArity.OneOrMore,
        };
        var directory = new Option<string>("--output", "-o")
        {
            Description = "The directory for the results, NAME.mask.png and the like; made if it is not there",
            HelpName = "DIR",
            DefaultValueFactory = _ => ".",
        };
        Option<string?> network = CommonOptions.Network();
        Option<string?> weights = CommonOptions.Weights("A weights file instead of the network's file in the weights folder");
        var devices = new DeviceChoices();
        Option<double?> threshold = CommonOptions.Number("--threshold", "Lung is what is more probable than this; 0.5 if not given", 0, 1);
        Option<string> mode = CommonOptions.Mode();
        Option<int> size = CommonOptions.Whole("--size", "Height and width that the network sees; its own if not given", 1, 8192, 0);
        Option<string> contrast = CommonOptions.Contrast();

        var resume = new Option<bool>("--resume") { Description = "Go on with a run: skip what is finished and unchanged, outputs verified" };
        var shard = new Option<string?>("--shard")
        {
            Description = "Do one part of the run, such as 2/4; auto: as a Slurm job array or an indexed Kubernetes job says (then: lungseg merge)",
            HelpName = "I/N|auto",
        };
        var report = new Option<bool>("--report") { Description = "Also write report.html: all images on one page, those with flags first" };
        var json = new Option<bool>("--json") { Description = "Write one line of JSON for each image" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Write nothing but errors" };

        var command = new Command("segment", "Find the lungs in X-rays.")
        {
            images, directory, network, weights, threshold, mode, size, contrast, resume, shard, report, json, quiet,
        };
        var results = new ResultChoices();
        results.AddTo(command);
        devices.AddTo(command);
        var dicom = new DicomChoices();
        dicom.AddTo(command);
        command.SetAction(parsed => SegmentRun.Execute(
            new SegmentRequest
            {
                Images = parsed.GetRequiredValue(images),
                Directory = parsed.GetRequiredValue(directory),
                Segmenter = new LungSegmenterOptions
                {
                    Network = parsed.GetValue(network),
                    WeightsFile = parsed.GetValue(weights),
                    CompactHeap = true,
                    Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                    Mode = parsed.GetValue(mode) == "study" ? SegmentationMode.Study : SegmentationMode.Native,
                    StretchContrast = parsed.GetValue(contrast) != CommonOptions.Off,
                    NetworkSize = parsed.GetValue(size) is > 0 and int given ? given : null,
                },
                Device = parsed.GetRequiredValue(devices.Device),
                Precision = parsed.GetRequiredValue(devices.PrecisionOption),
                Threads = parsed.GetValue(devices.Threads),
                Dicom = dicom.Read(parsed),
                Results = results.Read(parsed),
                Shard = parsed.GetValue(shard) is { } text ? Shard.Parse(text, Environment.GetEnvironmentVariable) : null,
                Resume = parsed.GetValue(resume),
                Report = parsed.GetValue(report),
                Json = parsed.GetValue(json),
                Quiet = parsed.GetValue(quiet),
            },
            parsed.InvocationConfiguration));
        return command;
    }
}
