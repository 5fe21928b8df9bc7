using System.CommandLine;
using System.CommandLine.Parsing;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Runs;
using LungSeg.Imaging.Classes;
using LungSeg.Imaging.Outputs;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>segment IMAGE…</c>: masks, overlays and the other files of <c>--format</c>, for files and whole folders.</summary>
internal static class SegmentCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg segment chest.dcm -o out", "write mask and overlay of a DICOM file into the directory out"),
        new("lungseg segment chest.dcm -o out --format mask,json,seg,sc", "write areas and flags as JSON, and two DICOM results"),
        new("lungseg segment *.png -o out --network deeplabv3plus", "segment several images with another network"),
        new("lungseg segment study -o out --resume", "segment a folder; after an interruption, continue"),
        new("lungseg segment study -o out --report", "write report.html too, a page with all images"),
        new("lungseg segment 'study/**/*.dcm' -o out --shard 2/4", "segment a quarter of the matching files; then: lungseg merge out"),
        new("find . -name '*.png' | lungseg segment @- -o out --json", "segment a list of files, and print a line of JSON for each"),
        new("lungseg segment chest.png --weights mine.safetensors --mode study", "use your own weights and the study's own steps"),
    ];

    private static readonly string[] Notes =
    [
        "Formats:\n"
            + string.Concat(ResultFormats.All.Select(format => $"- {format.Name}: {format.Description}\n"))
            + "- dataset: run-length coded masks of all images in two files, dataset.jsonl and dataset.coco.json",
        "For a folder, a pattern or a list, outputs mirror the input folder's structure. The output directory also gets a journal, "
            + "report.csv and report.jsonl. Images that fail are listed at the end; a format that an image cannot have is skipped and "
            + "counted. Ctrl-C finishes the images in progress. See docs/folders.md.",
    ];

    /// <summary>The command; <paramref name="contentTime"/> gives the time that an image's DICOM results state.</summary>
    public static Command Create(Func<string, DateTime?>? contentTime = null)
    {
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "DICOM, PNG, JPEG, JPEG 2000, BMP, TIFF or GIF images: files, folders (with subfolders), patterns "
                + "('x/**/*.dcm'), or @LIST, a file with a path on each line",
            Arity = ArgumentArity.OneOrMore,
        };
        var directory = new Option<string>("--output", "-o")
        {
            Description = "Directory for the results, such as NAME.mask.png; created if it does not exist",
            HelpName = "DIR",
            DefaultValueFactory = _ => ".",
        };
        Option<string?> network = CommonOptions.Network();
        Option<string?> weights = CommonOptions.Weights("Weights file to use instead of the network's file in the weights folder");
        var devices = new DeviceChoices();
        Option<double?> threshold = CommonOptions.Threshold();
        var mode = new ModeChoice();
        Option<int> size = CommonOptions.Size();
        Option<string> contrast = CommonOptions.Contrast();
        var resume = new Option<bool>("--resume")
        {
            Description = "Continue a run: skip images that are finished, if they and their outputs are unchanged",
        };
        var shard = new Option<string?>("--shard")
        {
            Description = "Do one part of the run, such as 2/4; auto: the part of this task in a Slurm job array or an indexed "
                + "Kubernetes job (then: lungseg merge)",
            HelpName = "I/N|auto",
        };
        var report = new Option<bool>("--report")
        {
            Description = "Also write report.html: all images on one page, those with flags first",
        };
        var json = new Option<bool>("--json") { Description = "Print one line of JSON for each image" };
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print errors only" };
        var results = new ResultChoices();
        var dicom = new DicomChoices();

        var command = new CliCommand("segment", "Segment the lungs in X-rays.", Examples, Notes)
        {
            images, directory, network, weights, threshold,
        };
        mode.AddTo(command);
        foreach (Option option in (Option[])[size, contrast, resume, shard, report, json, quiet]) command.Add(option);
        results.AddTo(command);
        devices.AddTo(command);
        Option<long> memory = MemoryCeiling.Option();
        command.Add(memory);
        var reproducible = new Option<bool>("--reproducible")
        {
            Description =
                "Refuse a device whose results are not the same bits on every processor: a GPU, or x64 without fused multiply-add",
        };
        command.Add(reproducible);
        dicom.AddTo(command);
        var choices = new NetworkChoices();
        choices.AddTo(command);
        var classes = new Option<string?>("--classes")
        {
            Description = "What a network of your own finds, in the order of its labels from 1 on: NAME or NAME:#RRGGBB, separated by "
                + "commas; lungs: clean its masks as lungs",
            HelpName = "LIST",
        };
        command.Add(classes);
        command.SetAction(parsed =>
        {
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            var request = new SegmentRequest
            {
                Images = parsed.GetRequiredValue(images),
                ContentTime = contentTime,
                Directory = parsed.GetRequiredValue(directory),
                Segmenter = new LungSegmenterOptions
                {
                    Network = parsed.GetValue(network),
                    WeightsFile = parsed.GetValue(weights),
                    NetworkOptions = Named(choices.Options(parsed), parsed.GetValue(classes)),
                    WeightsPart = choices.Part(parsed),
                    Precision = devices.Of(parsed),
                    CompactHeap = true,
                    Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                    Mode = mode.Read(parsed),
                    StretchContrast = parsed.GetValue(contrast) != CommonOptions.Off,
                    NetworkSize = parsed.GetValue(size) is > 0 and int given ? given : null,
                },
                Device = parsed.GetRequiredValue(devices.Device),
                Precision = parsed.GetRequiredValue(devices.PrecisionOption),
                Threads = parsed.GetValue(devices.Threads),
                Memory = parsed.GetValue(memory),
                Reproducible = parsed.GetValue(reproducible),
                Arguments = [.. Arguments(parsed, directory, resume, shard, report, json, quiet, devices.Threads, memory)],
                Dicom = dicom.Read(parsed),
                Results = results.Read(parsed),
                Shard = parsed.GetValue(shard) is { } text ? Shard.Parse(text, Environment.GetEnvironmentVariable) : null,
                Resume = parsed.GetValue(resume),
                Report = parsed.GetValue(report),
                Json = parsed.GetValue(json),
                Quiet = parsed.GetValue(quiet),
            };
            OutputDirectory.Check(request.Directory);
            var found = InputCollection.Of(request.Images, request.Directory);
            CheckOverwriting(request, found.Inputs);
            if (request.Segmenter.WeightsFile is not null && Own(request, parsed.GetValue(classes), streams) is { Options.Classes: > 1 })
            {
                IReadOnlyList<ImageClass>? named = parsed.GetValue(classes) is { } list ? ClassRun.Parse(list) : null;
                return ClassRun.Execute(request, found.Inputs, named, streams);
            }
            return found.IsFolder || request.NeedsJournal
                ? FolderRun.Execute(request, found, streams)
                : FileRun.Execute(request, found.Inputs, streams);
        });
        return command;
    }

    // What was given, but for options that change no byte of a result.
    private static IEnumerable<string> Arguments(ParseResult parsed, params Option[] without) => parsed.CommandResult.Children
        .OfType<OptionResult>().Where(given => !given.Implicit && !without.Contains(given.Option))
        .SelectMany(given => given.Tokens.Count == 0
            ? [given.Option.Name]
            : given.Tokens.SelectMany(token => (string[])[given.Option.Name, token.Value]));

    // One class may be lungs, whose masks are then cleaned; several are named with their colours.
    private static IReadOnlyList<KeyValuePair<string, string>> Named(
        IReadOnlyList<KeyValuePair<string, string>> options, string? classes) =>
        classes is null || classes.Contains(',') ? options : [.. options, new("class_names", classes.Split(":#")[0])];

    // The user's own network, with a word on what nothing says of it.
    private static Architecture Own(SegmentRequest request, string? classes, InvocationConfiguration streams)
    {
        LungSegmenterOptions options = request.Segmenter;
        Architecture network =
            NetworkWeights.Open(
                options.Network, options.WeightsFile, options.NetworkOptions, options.WeightsPart, options.Precision).Network;
        List<string> assumptions = [.. network.Assumptions.Where(_ => options.NetworkSize is null || !network.HasAssumedSize)];
        if (!network.FindsLungs && network.Options.Classes == 1 && classes is null)
            assumptions.Add("its class is not lungs, so that masks are not cleaned (--classes lungs)");
        if (assumptions.Count > 0 && !request.Quiet)
        {
            string assumed = string.Join("; ", assumptions);
            CommandLine.Tell(streams.Error, $"warning: not in the weights, assumed (see --option, --size): {assumed}");
        }
        return network;
    }

    // Where a shell's pattern names all files, masks beside the images are images too.
    private static void CheckOverwriting(SegmentRequest request, IReadOnlyList<Input> inputs)
    {
        var images = inputs.Select(input => Path.GetFullPath(input.Path)).ToHashSet();
        string directory = Path.GetFullPath(request.Directory);
        foreach (Input input in inputs)
        {
            IReadOnlyList<string> results = ResultFiles.Names(Path.Combine(directory, input.Stem), request.Writers);
            if (results.FirstOrDefault(images.Contains) is not { } image) continue;
            throw new UsageException($"'{Path.GetRelativePath(".", image)}' is an image of this run and would be overwritten by a result "
                + $"of '{input.Path}': choose another -o, or do not name it");
        }
    }
}
