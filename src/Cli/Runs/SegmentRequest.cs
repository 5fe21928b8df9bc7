using System.Globalization;
using LungSeg.Cli.Journals;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>What a user asks of <c>segment</c>.</summary>
internal sealed record SegmentRequest
{
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>The options that results depend on, as the command line had them.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>
    /// The time that an image's DICOM results state, of a run that is done again; null for the time at which they are made.
    /// </summary>
    public Func<string, DateTime?>? ContentTime { get; init; }

    /// <summary>The output directory.</summary>
    public required string Directory { get; init; }

    public required LungSegmenterOptions Segmenter { get; init; }

    public required string Device { get; init; }

    public required string Precision { get; init; }

    /// <summary>Number of CPU threads; 0 for one for each processor.</summary>
    public required int Threads { get; init; }

    /// <summary>Whether a device is refused whose results are not the same bits on other processors.</summary>
    public bool Reproducible { get; init; }

    /// <summary>The most bytes that the process may take; 0 for no limit.</summary>
    public long Memory { get; init; }

    public required DicomOptions Dicom { get; init; }

    public required ResultSelection Results { get; init; }

    public IReadOnlyList<IResultWriter> Writers => Results.Writers;

    public Shard? Shard { get; init; }

    public bool Resume { get; init; }

    public bool Report { get; init; }

    public bool Json { get; init; }

    public bool Quiet { get; init; }

    /// <summary>Whether the user asks for something that needs a journal, even of named files.</summary>
    public bool NeedsJournal => Resume || Report || Results.Dataset || Shard is not null;

    /// <summary>What outputs depend on. Opens the weights for that.</summary>
    /// <exception cref="EngineException">There are no weights, or the network cannot have this size.</exception>
    public RunSettings Settings(IBackend backend)
    {
        var weights = NetworkWeights.Open(
            Segmenter.Network, Segmenter.WeightsFile, Segmenter.NetworkOptions, Segmenter.WeightsPart, Segmenter.Precision);
        int size = Segmenter.NetworkSize ?? weights.Network.InputSize;
        weights.Network.CheckSize(new Shape(1, weights.Network.Options.InChannels, size, size));
        return new RunSettings(new Dictionary<string, string>
        {
            ["version"] = ProductVersion.Full,
            ["network"] = weights.Network.Key,
            ["weights"] = WeightsHash.OfFile(weights.File),
            ["options"] = string.Join(
                ';', Segmenter.NetworkOptions.Select(option => $"{option.Key}={option.Value}").Append(Segmenter.WeightsPart ?? "")),
            ["size"] = $"{size}",
            ["threshold"] = Segmenter.Threshold.ToString(CultureInfo.InvariantCulture),
            ["contrast"] = Segmenter.StretchContrast ? "auto" : CommonOptions.Off,
            ["mode"] = ModeChoice.WordOf(Segmenter.Mode),
            ["device"] = backend switch { CudaBackend => "cuda", CpuBackend => "cpu", _ => "reference" },
            ["precision"] = (backend is CudaBackend gpu ? gpu.Precision
                : weights.IsQuantized ? Engine.Precision.Int8 : Engine.Precision.Float32).Name(),
            ["format"] = Results.Formats,
            ["uncertainty"] = Results.Uncertainty ? "image and mirror image" : "image",
            ["seg_type"] = Word(Results.Options.SegmentationType),
            ["sr_region"] = Results.Options.ReportRegion is { } region ? Word(region) : "by formats",
            ["dicom_compression"] = Word(Results.Options.Compression),
            ["voi"] = Word(Dicom.Voi),
            ["invert"] = Word(Dicom.Invert),
            ["frame"] = Dicom.Frame is { } frame ? $"{frame}" : "the only one",
        });

        static string Word(Enum value) => value.ToString().ToLowerInvariant();
    }
}
