using System.CommandLine;
using System.CommandLine.Parsing;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli;

/// <summary>What is written of each image.</summary>
internal sealed record ResultSelection(IReadOnlyList<IResultWriter> Writers, ResultOptions Options)
{
    /// <summary>Whether the masks of all images are written into one file too.</summary>
    public bool Dataset { get; init; }

    /// <summary>Whether the mirror image is segmented too, to tell how sure the network is.</summary>
    public bool Uncertainty { get; init; }

    /// <summary>All formats by name, with a comma between.</summary>
    public string Formats => string.Join(',', Writers.Select(writer => writer.Name).Concat(Dataset ? [Runs.Dataset.Format] : []));
}

/// <summary>The options that choose what is written of each image: <c>--format</c> and what it leaves open.</summary>
internal sealed class ResultChoices
{
    private static readonly string[] Names = [.. ResultFormats.All.Select(writer => writer.Name), Runs.Dataset.Format];

    private readonly Option<string?> _formats = new("--format")
    {
        Description = $"What to write of each image, by comma, of {string.Join(", ", Names)}; {ResultFormats.Default} if not given",
        HelpName = "LIST",
        CompletionSources = { Names },
    };

    private readonly Option<bool> _uncertainty = new("--uncertainty")
    {
        Description = "Segment the mirror image too, which takes twice the time: the numbers and maps of uncertainty are then of both",
    };

    private readonly Option<string> _segmentation = CommonOptions.Choice(
        "--seg-type", "DICOM segmentation: bits (binary), probabilities (fractional), or a label map, which few viewers read yet (labelmap)",
        "binary", "binary", "fractional", "labelmap");

    private readonly Option<string?> _region = new("--sr-region")
    {
        Description = "Regions in a structured report: frames of the segmentation (seg, the default where --format has it) or polylines (scoord)",
        HelpName = "seg|scoord",
        CompletionSources = { "seg", "scoord" },
    };

    private readonly Option<string> _compression = CommonOptions.Choice(
        "--dicom-compression", "DICOM results without loss: not compressed (none), deflated as a whole (deflated), or pixels of 8 bits in RLE (rle)",
        "none", "none", "deflated", "rle");

    public ResultChoices()
    {
        _formats.Validators.Add(result => Check(result));
        _region.AcceptOnlyFromAmong("seg", "scoord");
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

    /// <summary>Gives the command the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(_formats);
        command.Add(_segmentation);
        command.Add(_uncertainty);
        command.Add(_region);
        command.Add(_compression);
    }

    /// <summary>The writers and their options; throws <see cref="UsageException"/> where these do not go together.</summary>
    public ResultSelection Read(ParseResult parsed)
    {
        var options = new ResultOptions
        {
            SegmentationType = Enum.Parse<SegmentationType>(parsed.GetRequiredValue(_segmentation), ignoreCase: true),
            ReportRegion = parsed.GetValue(_region) switch { "seg" => ReportRegion.Segmentation, "scoord" => ReportRegion.Outline, _ => null },
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

    private static ResultSelection Select(string list, ResultOptions options)
    {
        string[] names = list.Split(',', StringSplitOptions.TrimEntries), files = [.. names.Where(name => name != Runs.Dataset.Format)];
        return new ResultSelection(files.Length == 0 ? [] : ResultFormats.Parse(string.Join(',', files), options), options) { Dataset = files.Length < names.Length };
    }
}
