using System.Diagnostics;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>What came of one image: its journal's entry, and what only the moment knows.</summary>
internal sealed record ImageResult(JournalEntry Entry)
{
    /// <summary>What the reader found and chose.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];

    /// <summary>The fault that makes it useless to go on with other images, in words for the user.</summary>
    public string? Stop { get; init; }

    /// <summary>Whether the program is to blame.</summary>
    public bool IsInternal { get; init; }
}

/// <summary>All that is done for one image: read, segment, write; with a thumbnail for the page where the run keeps a journal.</summary>
internal sealed class ImageWork(
    LungSegmenter segmenter, ImageLoader reader, SegmentRequest request, RunSettings settings, bool withThumbnail)
{
    /// <summary>Never throws: what goes wrong is the result.</summary>
    public ImageResult Do(Input input)
    {
        try
        {
            return Segment(input);
        }
        catch (Exception e) when (CommandLine.IsInput(e))
        {
            return Failed(input, CommandLine.Message(e)) with { Stop = DiskFull.Is(e) ? e.Message : null };
        }
        catch (OutOfMemoryException)
        {
            return Failed(input, $"{input.Path}: not enough memory for this image");
        }
        catch (Exception e)
        {
            return Failed(input, $"{input.Path}: {CommandLine.InternalError(e)}") with { IsInternal = true };
        }
    }

    private ImageResult Segment(Input input)
    {
        ReadImage read = reader.Read(input);
        Radiograph image = read.Image;
        LungSegmentation result = segmenter.Segment(image);
        if (request.Results.Uncertainty) result = segmenter.WithMirror(result);
        long segmented = Stopwatch.GetTimestamp();
        IReadOnlyList<EncodedLung>? masks = request.Results.Dataset ? EncodedLung.Of(result, Dataset.Format) : null;
        string directory = request.Directory, stem = Path.Combine(directory, input.Stem);
        ImageLoader.CheckUnchanged(input, read);
        OutputDirectory.Create(Path.GetDirectoryName(stem)!);
        IReadOnlyList<OutputFile> outputs =
        [
            .. ResultFiles.Write(stem, result, request.Writers).Select((path, i) => OutputFile.Of(request.Writers[i].Name, directory, path)),
        ];
        StepTimes times = StepTimes.Of(result.Times with { Read = read.Time }, Stopwatch.GetElapsedTime(segmented));
        var record = new ImageRecord
        {
            File = input.Name,
            Width = image.Width,
            Height = image.Height,
            Sha256 = read.Sha256,
            Lungs = LungFacts.Of(result),
            Flags = result.Flags,
            Warnings = [.. result.Decisions.Where(decision => decision.IsWarning).Select(decision => $"{decision.Topic}: {decision.Text}")],
            Outputs = outputs,
            Milliseconds = times,
        };
        return new ImageResult(new JournalEntry
        {
            Record = record,
            Bytes = read.Bytes,
            Modified = read.Modified,
            Settings = settings.Fingerprint,
            Masks = masks,
            Thumbnail = withThumbnail ? Thumbnail.Of(result) : null,
        })
        { Decisions = result.Decisions };
    }

    private ImageResult Failed(Input input, string error) => new(new JournalEntry
    {
        Record = new ImageRecord { File = input.Name, Error = error.ReplaceLineEndings(" ") },
        Settings = settings.Fingerprint,
    });
}
