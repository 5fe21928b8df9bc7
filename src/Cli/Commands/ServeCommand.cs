using System.CommandLine;
using LungSeg.Cli.Reports;
using LungSeg.Cli.Runs;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary>What a user asks of <c>serve</c>; texts are as given, and checked by the service.</summary>
internal sealed record ServeRequest
{
    public string? Http { get; init; }

    public string? TokenFile { get; init; }

    public int Rate { get; init; } = 100;

    public string? Dicom { get; init; }

    public string AeTitle { get; init; } = "LUNGSEG";

    public IReadOnlyList<string> Callers { get; init; } = [];

    public IReadOnlyList<string> Networks { get; init; } = [];

    public IReadOnlyList<string> Peers { get; init; } = [];

    public bool Commits { get; init; }

    public int Associations { get; init; } = 16;

    public string? Watch { get; init; }

    public string Watched { get; init; } = "move";

    public string? Store { get; init; }

    public bool StoreTls { get; init; }

    public string? Stow { get; init; }

    public string? Out { get; init; }

    public string? Rules { get; init; }

    public bool Check { get; init; }

    public string? Certificate { get; init; }

    public string? Key { get; init; }

    public string? Authority { get; init; }

    public string? Spool { get; init; }

    public int SpoolGigabytes { get; init; } = 20;

    public int MaxWaiting { get; init; } = 10_000;

    public int ImageMegabytes { get; init; } = 256;

    public int KeepHours { get; init; } = 24;

    /// <summary>The formats that were asked for; null for those that suit the destinations.</summary>
    public string? Formats { get; init; }

    public ResultOptions Results { get; init; } = new();

    public LungSegmenterOptions Segmenter { get; init; } = new();

    public string Device { get; init; } = "cpu";

    public string Precision { get; init; } = "fp32";

    public int Threads { get; init; }

    /// <summary>The most bytes that the process may take; 0 for no limit.</summary>
    public long Memory { get; init; }

    public DicomOptions Images { get; init; } = new() { ImagesOnly = true };
}

/// <summary>
/// <c>serve</c>: the service. Its options are defined here, for help, completion and their checks; the service itself is a program of its
/// own, <c>lungseg-server</c>, which shares this definition, so that the command line does not pay for a web server.
/// </summary>
internal static class ServeCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg serve", "a page and an API at http://127.0.0.1:8080"),
        new("lungseg serve --dicom 11112 --store PACS@10.0.0.5:104", "a DICOM node that sends segmentations and reports to the archive"),
        new("lungseg serve --watch in --out out", "a folder whose images are segmented as they come"),
        new("lungseg serve --rules rules.json --dicom 11112 --check", "check options and rules, and end"),
    ];

    private const string Note = "An image is acknowledged when it is on the disk, and delivered after any crash. The service is a "
        + "program of its own, "
        + "lungseg-server, which must be beside lungseg or on the path. See docs/service.md.";

    /// <param name="run">Runs the service; null to start <c>lungseg-server</c> with the same options.</param>
    public static Command Create(Func<ServeRequest, InvocationConfiguration, int>? run)
    {
        Option<string?> http =
            Text("--http", "ADDRESS:PORT", "Answer HTTP there: a page, an API, DICOMweb; 127.0.0.1:8080 if no other door is given");
        Option<string?> tokenFile = Text("--token-file", "FILE",
            "A bearer token of 16 characters or more, which callers must send; needed where --http is no loopback address");
        Option<int> rate = CommonOptions.Whole("--rate", "Requests a second that one address may send over HTTP", 1, 100_000, 100);
        Option<string?> dicom = Text("--dicom", "[ADDRESS:]PORT", "Take images by DICOM C-STORE there, on all addresses if none is given");
        var title = new Option<string>("--aet")
        {
            Description = "The service's AE title",
            HelpName = "AET",
            DefaultValueFactory = _ => "LUNGSEG",
        };
        Option<string[]> callers = Texts("--allow-aet", "AET", "An AE title that may call; may be given more than once; all if not given");
        Option<string[]> networks = Texts("--allow-from", "NETWORK",
            "An address or network (10.1.0.0/16) that may open associations; may be given more than once; all if not given");
        Option<string[]> peers = Texts("--peer", "AET@HOST:PORT",
            "Where a caller can be called back with reports on storage commitment; may be given more than once");
        var commits = new Option<bool>("--commit")
        {
            Description = "Answer requests for storage commitment: an image that was accepted "
            + "will be segmented and its results delivered. The image itself is not archived"
        };
        Option<int> associations =
            CommonOptions.Whole("--associations", "DICOM associations at a time; more are rejected as busy", 1, 1000, 16);
        Option<string?> watch = Text("--watch", "DIR", "Segment the images that come into this folder");
        Option<string> watched = CommonOptions.Choice("--watched",
            "What becomes of files that were accepted: moved to done/ in the folder, left, or deleted", "move", "move", "leave", "delete");
        Option<string?> store = Text("--store", "AET@HOST:PORT", "Send results to this DICOM node");
        var storeTls = new Option<bool>("--store-tls") { Description = "Reach the node of --store by TLS" };
        Option<string?> stow = Text("--stow", "URL", "Send results to this DICOMweb service (STOW-RS)");
        Option<string?> directory = Text("--out", "DIR", "Write results into this directory");
        Option<string?> rules = Text("--rules", "FILE", "Rules (JSON): which images, which results, where to; taken up when they change");
        var check = new Option<bool>("--check") { Description = "Check options, rules and certificates, and end" };
        Option<string?> certificate = Text("--tls-cert", "FILE", "A certificate (PEM): HTTP and DICOM are served by TLS");
        Option<string?> key = Text("--tls-key", "FILE", "The certificate's private key (PEM)");
        Option<string?> authority =
            Text("--tls-ca", "FILE", "Certificates (PEM) that peers must be signed by: DICOM callers, and nodes that are called by TLS");
        Option<string?> spool =
            Text("--spool", "DIR", "Where accepted images are kept until all is done; $STATE_DIRECTORY or lungseg-spool if not given");
        Option<int> size = CommonOptions.Whole("--spool-gb", "GiB that the spool may hold", 1, 1_000_000, 20);
        Option<int> waiting =
            CommonOptions.Whole("--most-waiting", "Images that may wait; more are told to come later", 1, 10_000_000, 10_000);
        Option<int> image = CommonOptions.Whole("--image-mb", "MiB that one image may have", 1, 1024, 256);
        Option<int> keep = CommonOptions.Whole("--keep-hours",
            "Hours that results of jobs can be fetched, and that finished images are known", 1, 10_000, 24);
        Option<string?> network = CommonOptions.Network();
        Option<string?> weights = CommonOptions.Weights("Weights file to use instead of the network's file in the weights folder");
        Option<double?> threshold = CommonOptions.Threshold();
        var results = new ResultChoices("sr and seg for --store and --stow, mask and overlay for --out");
        var devices = new DeviceChoices();
        var images = new DicomChoices();
        var command = new CliCommand("serve", "Segment images as they come, by HTTP, DICOM or a watched folder, and deliver the results.",
            Examples, Note)
        {
            http, tokenFile, rate, dicom, title, callers, networks, peers, commits, associations, watch, watched, store, storeTls, stow,
                directory, rules, check,
            certificate, key, authority, spool, size, waiting, image, keep, network, weights, threshold,
        };
        results.AddTo(command);
        devices.AddTo(command);
        Option<long> memory = MemoryCeiling.Option();
        command.Add(memory);
        images.AddTo(command);
        command.SetAction(parsed =>
        {
            ResultSelection selection = results.Read(parsed);
            var request = new ServeRequest
            {
                Http = parsed.GetValue(http),
                TokenFile = parsed.GetValue(tokenFile),
                Rate = parsed.GetValue(rate),
                Dicom = parsed.GetValue(dicom),
                AeTitle = parsed.GetRequiredValue(title),
                Callers = parsed.GetValue(callers) ?? [],
                Networks = parsed.GetValue(networks) ?? [],
                Peers = parsed.GetValue(peers) ?? [],
                Commits = parsed.GetValue(commits),
                Associations = parsed.GetValue(associations),
                Watch = parsed.GetValue(watch),
                Watched = parsed.GetRequiredValue(watched),
                Store = parsed.GetValue(store),
                StoreTls = parsed.GetValue(storeTls),
                Stow = parsed.GetValue(stow),
                Out = parsed.GetValue(directory),
                Rules = parsed.GetValue(rules),
                Check = parsed.GetValue(check),
                Certificate = parsed.GetValue(certificate),
                Key = parsed.GetValue(key),
                Authority = parsed.GetValue(authority),
                Spool = parsed.GetValue(spool),
                SpoolGigabytes = parsed.GetValue(size),
                MaxWaiting = parsed.GetValue(waiting),
                ImageMegabytes = parsed.GetValue(image),
                KeepHours = parsed.GetValue(keep),
                Formats = results.Given(parsed) ? selection.Formats : null,
                Results = selection.Options,
                Segmenter = new LungSegmenterOptions
                {
                    Network = parsed.GetValue(network),
                    WeightsFile = parsed.GetValue(weights),
                    Precision = devices.Of(parsed),
                    CompactHeap = true,
                    Threshold = (float)(parsed.GetValue(threshold) ?? 0.5),
                },
                Device = parsed.GetRequiredValue(devices.Device),
                Precision = parsed.GetRequiredValue(devices.PrecisionOption),
                Threads = parsed.GetValue(devices.Threads),
                Memory = parsed.GetValue(memory),
                Images = images.Read(parsed),
            };
            if (selection.Uncertainty || selection.Dataset)
                throw new UsageException($"serve takes no {(selection.Uncertainty ? "--uncertainty" : $"--format {Dataset.Format}")}: "
                + "it is of runs of segment");
            return run is not null ? run(request, parsed.InvocationConfiguration)
                : ServerProgram.Start([.. parsed.Tokens.Skip(1).Select(token => token.Value)]);
        });
        return command;
    }

    private static Option<string?> Text(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };

    private static Option<string[]> Texts(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
