using System.CommandLine;
using System.CommandLine.Parsing;
using LungSeg.Cli.Reports;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Runs;

/// <summary>What is written for each image.</summary>
internal sealed record ResultSelection(IReadOnlyList<IResultWriter> Writers, ResultOptions Options)
{
    /// <summary>Whether the masks of all images are written into one file too.</summary>
    public bool Dataset { get; init; }

    /// <summary>Whether the mirror image is segmented too, to measure the uncertainty.</summary>
    public bool Uncertainty { get; init; }

    /// <summary>All formats by name, separated by commas.</summary>
    public string Formats => string.Join(',', Writers.Select(writer => writer.Name).Concat(Dataset ? [Reports.Dataset.Format] : []));
}

/// <summary>The options that choose what is written for each image: <c>--format</c> and its details.</summary>
internal sealed class ResultChoices
{
    private const string Segmentation = "seg", Outline = "scoord";

    private static readonly string[] Names = [.. ResultFormats.All.Select(writer => writer.Name), Dataset.Format];

    private readonly Option<string?> _formats;

    private readonly Option<bool> _uncertainty = new("--uncertainty")
    {
        Description = "Segment the mirror image too, and measure the uncertainty from both; takes twice the time",
    };

    private readonly Option<string> _segmentation = CommonOptions.Choice(
        "--seg-type",
        "Kind of DICOM segmentation: bits (binary), probabilities (fractional), or a label map, which few viewers support (labelmap)",
        "binary", "binary", "fractional", "labelmap");

    private readonly Option<string?> _region = new("--sr-region")
    {
        Description = "Regions in a structured report: frames of the segmentation (seg; default with --format seg) or polylines (scoord)",
        HelpName = $"{Segmentation}|{Outline}",
        CompletionSources = { Segmentation, Outline },
    };

    private readonly Option<string> _compression = CommonOptions.Choice(
        "--dicom-compression", "Lossless compression of DICOM results: none, the whole file (deflated), or pixels of 8 bits (rle)",
        "none", "none", "deflated", "rle");

    /// <param name="defaultValue">What is written where nothing is chosen, for people.</param>
    public ResultChoices(string defaultValue = ResultFormats.Default)
    {
        _formats = new Option<string?>("--format")
        {
            Description = $"Files to write for each image, separated by commas: {string.Join(", ", Names)}; default: {defaultValue}",
            HelpName = "LIST",
            CompletionSources = { Names },
        };
        _formats.Validators.Add(result => Check(result));
        _region.AcceptOnlyFromAmong(Segmentation, Outline);
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_formats, _segmentation, _uncertainty, _region, _compression]) command.Add(option);
    }

    /// <summary>Whether formats were chosen.</summary>
    public bool Given(ParseResult parsed) => parsed.GetValue(_formats) is not null;

    /// <summary>The writers and their options; throws <see cref="UsageException"/> where the options contradict each other.</summary>
    public ResultSelection Read(ParseResult parsed)
    {
        var options = new ResultOptions
        {
            SegmentationType = Enum.Parse<SegmentationType>(parsed.GetRequiredValue(_segmentation), ignoreCase: true),
            ReportRegion = parsed.GetValue(_region) switch
            {
                Segmentation => ReportRegion.Segmentation,
                Outline => ReportRegion.Outline,
                _ => null,
            },
            Compression = Enum.Parse<DicomCompression>(parsed.GetRequiredValue(_compression), ignoreCase: true),
        };
        try
        {
            return Select(parsed.GetValue(_formats) ?? ResultFormats.Default, options) with { Uncertainty = parsed.GetValue(_uncertainty) };
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static void Check(OptionResult result)
    {
        try
        {
            Select(result.Tokens.Count > 0 ? result.Tokens[0].Value : "", new ResultOptions());
        }
        catch (ArgumentException e)
        {
            result.AddError($"--format: {e.Message}");
        }
    }

    private static ResultSelection Select(string list, ResultOptions options)
    {
        string[] names = list.Split(',', StringSplitOptions.TrimEntries);
        string[] files = [.. names.Where(name => name != Dataset.Format)];
        IReadOnlyList<IResultWriter> writers = files.Length == 0 ? [] : ResultFormats.Parse(string.Join(',', files), options);
        return new ResultSelection(writers, options) { Dataset = files.Length < names.Length };
    }
}
