using System.Diagnostics;
using LungSeg.Cli.Inputs;
using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>What came of one picture: its journal's entry, and what only the moment knows.</summary>
internal sealed record PictureResult(JournalEntry Entry)
{
    /// <summary>What the reader found and chose.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];

    /// <summary>The fault that makes it useless to go on with other pictures, in words for the user.</summary>
    public string? Stop { get; init; }

    /// <summary>Whether the program is to blame.</summary>
    public bool IsInternal { get; init; }
}

/// <summary>All that is done for one picture: read, segment, write; with a thumbnail for the page where the run keeps a journal.</summary>
internal sealed class PictureWork(
    LungSegmenter segmenter, PictureReader reader, SegmentRequest request, RunSettings settings, bool withThumbnail)
{
    /// <summary>Never throws: what goes wrong is the result.</summary>
    public PictureResult Do(Input input)
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
            return Failed(input, $"{input.Path}: not enough memory for this picture");
        }
        catch (Exception e)
        {
            return Failed(input, $"{input.Path}: {CommandLine.InternalError(e)}") with { IsInternal = true };
        }
    }

    private PictureResult Segment(Input input)
    {
        ReadPicture read = reader.Read(input);
        Radiograph picture = read.Picture;
        LungSegmentation result = segmenter.Segment(picture);
        if (request.Results.Uncertainty) result = segmenter.WithMirror(result);
        long segmented = Stopwatch.GetTimestamp();
        IReadOnlyList<EncodedLung>? masks = request.Results.Dataset ? EncodedLung.Of(result, Dataset.Format) : null;
        string directory = request.Directory, stem = Path.Combine(directory, input.Stem);
        PictureReader.CheckUnchanged(input, read);
        OutputDirectory.Create(Path.GetDirectoryName(stem)!);
        IReadOnlyList<OutputFile> outputs =
        [
            .. ResultFiles.Write(stem, result, request.Writers).Select((path, i) => OutputFile.Of(request.Writers[i].Name, directory, path)),
        ];
        StepTimes times = StepTimes.Of(result.Times with { Read = read.Time }, Stopwatch.GetElapsedTime(segmented));
        var record = new PictureRecord
        {
            File = input.Name,
            Width = picture.Width,
            Height = picture.Height,
            Sha256 = read.Sha256,
            Lungs = LungFacts.Of(result),
            Flags = result.Flags,
            Warnings = [.. result.Decisions.Where(decision => decision.IsWarning).Select(decision => $"{decision.Topic}: {decision.Text}")],
            Outputs = outputs,
            Milliseconds = times,
        };
        return new PictureResult(new JournalEntry
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

    private PictureResult Failed(Input input, string error) => new(new JournalEntry
    {
        Record = new PictureRecord { File = input.Name, Error = error.ReplaceLineEndings(" ") },
        Settings = settings.Fingerprint,
    });
}
