using System.Diagnostics;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Reports;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Imaging;
using LungSeg.Imaging.Dicom;
using LungSeg.Imaging.Dicom.Writing;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>The result of one image: what reports say of it, and what a journal and the user need besides.</summary>
internal sealed record ImageResult(ImageRecord Record)
{
    /// <summary>The mask's share of its image, 0 to 1.</summary>
    public double LungShare { get; init; }

    /// <summary>What the reader found and chose.</summary>
    public IReadOnlyList<Decision> Decisions { get; init; } = [];

    /// <summary>The error that makes it useless to continue with other images, in words for the user.</summary>
    public string? Stop { get; init; }

    /// <summary>Whether the error is one of the program.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Size of the image's file.</summary>
    public long Bytes { get; init; }

    /// <summary>When the image's file was last changed.</summary>
    public DateTime Modified { get; init; }

    /// <summary>The time that its DICOM results state.</summary>
    public DateTime? ContentTime { get; init; }

    /// <summary>The masks, where the run writes a dataset.</summary>
    public IReadOnlyList<EncodedLung>? Masks { get; init; }

    /// <summary>A preview for the report, where the run keeps a journal.</summary>
    public Thumbnail? Thumbnail { get; init; }
}

/// <summary>
/// Does images: read, segment, write. Holds the device and the network for a run over named files or over a folder.
/// </summary>
internal sealed class ImageWork : IDisposable
{
    private readonly SegmentRequest _request;
    private readonly ImageLoader _loader;
    private readonly bool _forJournal, _mayLack, _writesRecords;
    private LungSegmenter? _segmenter;

    private ImageWork(SegmentRequest request, IBackend backend, Division division, bool forJournal, bool mayLack)
    {
        (_request, Backend, Division, _forJournal, _mayLack) = (request, backend, division, forJournal, mayLack);
        _writesRecords = forJournal || request.Json;
        _loader = new ImageLoader(request.Dicom);
    }

    public IBackend Backend { get; }

    /// <summary>How images share the device.</summary>
    public Division Division { get; }

    /// <summary>The network; only after <see cref="Load"/>.</summary>
    public LungSegmenter Segmenter => _segmenter ?? throw new InvalidOperationException($"{nameof(Load)} was not called");

    /// <summary>Opens the device for a number of images.</summary>
    /// <param name="request">What the user asks.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="forJournal">Whether results have hashes of outputs, and previews.</param>
    /// <param name="mayLack">Whether a format that an image cannot have is skipped; otherwise it is an error.</param>
    /// <param name="notes">Gets what "auto" chose.</param>
    public static ImageWork Open(SegmentRequest request, int images, bool forJournal, bool mayLack, TextWriter notes)
    {
        int threads = request.Threads > 0 ? request.Threads : Environment.ProcessorCount;
        Division division = Division.Of(images, threads, Division.AvailableBytes);
        if (request.Memory > 0) division = MemoryCeiling.Hold(request.Memory, request.Device, division, request.Segmenter);
        IBackend backend = DeviceChoices.Open(request.Device, request.Precision, division.ThreadsEach, notes);
        if (request.Reproducible && backend is not CpuBackend { IsReproducible: true })
        {
            string device = backend.Description;
            backend.Dispose();
            throw new UsageException($"--reproducible: results on {device} are not the same bits on other processors; "
                + "a CPU with fused multiply-add (AVX2, AVX-512, Arm64) expected");
        }
        return new ImageWork(request, backend, backend is CpuBackend ? division : division.OnDevice(), forJournal, mayLack);
    }

    /// <summary>Loads the network, and reads the first image meanwhile.</summary>
    public void Load(Input first)
    {
        _loader.Begin(first);
        _segmenter = LungSegmenter.Load(_request.Segmenter with { Backend = Backend, Plans = Division.Networks });
    }

    /// <summary>
    /// Does images until all are done, the user interrupts, or the disk is full. <paramref name="done"/> gets each result, one at a time,
    /// in the order in which images are completed.
    /// </summary>
    public void DoAll(IReadOnlyList<Input> inputs, RunState state, Action<Input, ImageResult> done) =>
        ImageWorkers.Run(Division.Images, inputs, Do, (input, result) => state.Count(result, () => done(input, result)), () => state.Ends);

    /// <summary>Does one image. Never throws: an error is a result.</summary>
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
        catch (Exception e) when (NoMemory.Is(e))
        {
            return Failed(input, $"{input.Path}: not enough memory for this image");
        }
        catch (Exception e)
        {
            return Failed(input, $"{input.Path}: {CommandLine.InternalError(e)}") with { IsInternal = true };
        }
    }

    public void Dispose()
    {
        _segmenter?.Dispose();
        Backend.Dispose();
    }

    private ImageResult Segment(Input input)
    {
        ReadImage read = _loader.Read(input);
        DateTime? time = _request.ContentTime is { } recorded ? recorded(input.Name) : _forJournal ? CreationTime.Now : null;
        LungSegmentation result = Segmenter.Segment(read.Image) with { ContentTime = time };
        if (_request.Results.Uncertainty) result = Segmenter.WithMirror(result);
        long segmented = Stopwatch.GetTimestamp();
        IReadOnlyList<EncodedLung>? masks = _request.Results.Dataset ? EncodedLung.Of(result, Dataset.Format) : null;
        ImageLoader.CheckUnchanged(input, read);
        List<IResultWriter> writers = [];
        List<SkippedFormat> skipped = [];
        foreach (IResultWriter writer in _request.Writers)
        {
            if (_mayLack && writer.ReasonToSkip(result) is { } reason) skipped.Add(new SkippedFormat(writer.Name, reason));
            else writers.Add(writer);
        }
        // A single image leaves processors idle while its files go to the disk.
        Task? measuring = Division.Images == 1 ? Task.Run(() => result.Flags) : null;
        IReadOnlyList<OutputFile> outputs = Write(input, result, writers);
        measuring?.GetAwaiter().GetResult();
        var times = StepTimes.Of(result.Times with { Read = read.Time }, Stopwatch.GetElapsedTime(segmented));
        var record = new ImageRecord
        {
            Schema = JsonFacts.Version,
            File = input.Name,
            Error = null,
            Width = read.Image.Width,
            Height = read.Image.Height,
            Sha256 = read.Sha256,
            // These take measures of the mask that nothing else needs.
            Method = _writesRecords ? MethodFacts.Of(result.Method) : null,
            Lungs = _writesRecords ? LungFacts.Of(result) : null,
            Flags = result.Flags,
            Warnings = [.. result.Decisions.Where(decision => decision.IsWarning).Select(decision => $"{decision.Topic}: {decision.Text}")],
            Outputs = outputs,
            Skipped = skipped,
            Milliseconds = times,
        };
        return new ImageResult(record)
        {
            LungShare = result.LungShare,
            Decisions = result.Decisions,
            Bytes = read.Bytes,
            Modified = read.Modified,
            ContentTime = time,
            Masks = masks,
            Thumbnail = _forJournal ? Thumbnail.Of(result) : null,
        };
    }

    private OutputFile[] Write(Input input, LungSegmentation result, IReadOnlyList<IResultWriter> writers)
    {
        string stem = Path.Combine(_request.Directory, input.Stem);
        OutputDirectory.Create(Path.GetDirectoryName(stem)!);
        IReadOnlyList<string> paths = ResultFiles.Write(stem, result, writers);
        return [.. writers.Zip(paths, (writer, path) => OutputFile.Of(writer.Name, _request.Directory, path, _forJournal))];
    }

    private static ImageResult Failed(Input input, string error) =>
        new(new ImageRecord
        {
            Schema = JsonFacts.Version,
            File = input.Name,
            Error = error.ReplaceLineEndings(" "),
            Flags = [],
            Warnings = [],
            Outputs = [],
            Skipped = [],
        });
}

/// <summary>An image's samples, and what a journal notes of its file.</summary>
internal sealed record ReadImage(Radiograph Image, string Sha256, long Bytes, DateTime Modified, TimeSpan Time)
{
    /// <summary>Whether it came through a pipe, which can be read once only.</summary>
    public bool IsPipe { get; init; }
}

/// <summary>Reads images: the first one of a run while its network is being loaded.</summary>
internal sealed class ImageLoader(DicomOptions dicom)
{
    private Ahead? _ahead;

    /// <summary>Begins to read an image that will be asked for; an error is thrown then.</summary>
    public void Begin(Input input) => _ahead = new Ahead(input, Task.Run(() => ReadFile(input)));

    /// <summary>Reads an image, or returns the one that was begun; throws <see cref="ImageException"/> when it cannot be read.</summary>
    public ReadImage Read(Input input)
    {
        if (_ahead is not { } ahead || ahead.Input != input) return ReadFile(input);
        // A run may be long: its first image is not kept.
        _ahead = null;
        return ahead.Image.GetAwaiter().GetResult();
    }

    /// <summary>
    /// Refuses a file that has changed since it was read: results, and references to the image in them, would describe an image that no
    /// longer exists. An image that came through a pipe is not checked.
    /// </summary>
    public static void CheckUnchanged(Input input, ReadImage read)
    {
        if (read.IsPipe) return;
        if (File.Exists(input.Path))
        {
            using FileStream stream = File.OpenRead(input.Path);
            bool isSameTime = File.GetLastWriteTimeUtc(input.Path) == read.Modified;
            if (stream.Length == read.Bytes && (isSameTime || Sha256.TextOf(stream) == read.Sha256)) return;
        }
        throw new UsageException($"'{input.Path}' was changed or removed while it was segmented: no results were written; run it again");
    }

    private ReadImage ReadFile(Input input)
    {
        if (input.Fault is not null) throw new UsageException(input.Fault);
        long start = Stopwatch.GetTimestamp();
        DateTime modified = File.GetLastWriteTimeUtc(input.Path);
        bool isPipe = ImageFiles.IsEmpty(input.Path);
        byte[] file = ImageReader.ReadFile(input.Path);
        string sha256 = Sha256.TextOf(file);
        Radiograph image = ImageReader.Decode(file, input.Path, dicom);
        return new ReadImage(image, sha256, file.Length, modified, Stopwatch.GetElapsedTime(start)) { IsPipe = isPipe };
    }

    private sealed record Ahead(Input Input, Task<ReadImage> Image);
}
