using System.CommandLine;
using LungSeg.Cli.Benchmarking;
using LungSeg.Cli.Inputs;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>
/// A run of <c>segment</c> over any number of images. Over a folder, a pattern or a list, or when it is asked for what needs one, the
/// run keeps a journal in the output directory and writes reports; named files alone are segmented, and that is all.
/// </summary>
internal sealed class SegmentRun
{
    private const int MostFailuresTold = 20;
    private readonly SegmentRequest _request;
    private readonly TextWriter _error;
    private readonly ImageLoader _reader;
    private readonly ResultLines _lines;
    private readonly Shard _shard;
    private readonly InputCollection _collection;
    private readonly IReadOnlyList<Input> _inputs;
    private Division _division;
    private readonly bool _keepsJournal;
    private readonly List<ImageRecord> _failures = [];
    private volatile bool _interrupted;
    private volatile string? _stopReason;
    private bool _internalError;

    private SegmentRun(SegmentRequest request, InvocationConfiguration streams)
    {
        _request = request;
        _error = streams.Error;
        _reader = new ImageLoader(request.Dicom);
        _collection = InputCollection.Of(request.Images, request.Directory);
        _shard = request.Shard ?? Shard.Whole;
        _inputs = _shard.IsWhole ? _collection.Inputs : [.. _collection.Inputs.Where(input => _shard.Holds(input.Name))];
        _division = Division.Of(_inputs.Count, request.Threads > 0 ? request.Threads : Environment.ProcessorCount, Division.AvailableBytes);
        CheckOverwriting();
        _keepsJournal = _collection.IsFolder || request.Resume || request.Report || request.Results.Dataset || request.Shard is not null;
        _lines = new ResultLines(request, streams, _keepsJournal);
    }

    /// <summary>Runs, and returns the program's exit code.</summary>
    public static int Execute(SegmentRequest request, InvocationConfiguration streams)
    {
        OutputDirectory.Check(request.Directory);
        var run = new SegmentRun(request, streams);
        return run._keepsJournal ? run.WithJournal() : run.WithoutJournal();
    }

    private int WithoutJournal()
    {
        using IBackend backend = Open();
        using LungSegmenter segmenter = Load(backend, _inputs[0]);
        Work(_inputs, segmenter, new RunSettings(new Dictionary<string, string>()), work => work(_ => { }), result =>
        {
            if (result.Entry.Record.Error is { } error) CommandLine.Tell(_error, error);
        });
        if (_interrupted) CommandLine.Tell(_error, "interrupted");
        if (_failures.Count < _inputs.Count) TellOfStop();
        return Exit();
    }

    private int WithJournal()
    {
        CheckOtherShards();
        foreach (string notice in _collection.Notices) Status(notice);
        using IBackend backend = Open();
        RunSettings settings = _request.Settings(backend);
        using Journal journal = Journal.Take(_request.Directory, _shard);
        Leftovers.Remove(_request.Directory, _shard, _inputs.Select(input => input.Stem));
        OutputDirectory.CheckLinks(_request.Directory, _inputs.Select(input => input.Stem));
        using FinishedWork finished = _request.Resume ? FinishedWork.In(_request.Directory) : FinishedWork.None;
        IReadOnlyList<Input> rest = finished.Rest(_inputs, settings, input => ResultFiles.Names(input.Stem, _request.Writers));
        foreach (string line in finished.Redone()) Status(line);
        if (finished.Count > 0) Status($"{finished.Count} of {_inputs.Count} are finished already, their outputs verified");

        var progress = new RunProgress(rest.Count);
        using (LungSegmenter? segmenter = rest.Count == 0 ? null : Load(backend, rest[0]))
        {
            journal.Begin(finished.Kept().Append(new JournalLine { Session = Session(settings, backend.Description) }));
            if (segmenter is not null)
            {
                progress = new RunProgress(rest.Count);
                Work(rest, segmenter, settings, work => Show(progress, work), result =>
                {
                    journal.Add(new JournalLine { Image = result.Entry });
                    progress.Add(result.Entry.Record.Failed);
                });
            }
        }
        // First, as on a full disk what follows fails.
        Tell(progress, finished.Count);
        journal.Add(new JournalLine { End = new SessionEnd(DateTime.UtcNow, _interrupted || _stopReason is not null) });
        IReadOnlyList<string> reports = RunReports.Write(_request.Directory, _shard, _request.Report);
        Status($"{progress.Done} {(progress.Done == 1 ? "image" : "images")} in {Units.Duration(progress.Elapsed.TotalSeconds)}, {progress.RateText}; wrote {string.Join(", ", reports)}");
        return Exit();
    }

    // Masks beside the images are images too where a shell's pattern names all files.
    private void CheckOverwriting()
    {
        var images = _collection.Inputs.Select(input => Path.GetFullPath(input.Path)).ToHashSet();
        string directory = Path.GetFullPath(_request.Directory);
        foreach (Input input in _inputs)
        {
            if (ResultFiles.Names(Path.Combine(directory, input.Stem), _request.Writers).FirstOrDefault(images.Contains) is { } image)
                throw new UsageException($"'{Path.GetRelativePath(".", image)}' is an image of this run and the name of a result of '{input.Path}': choose another -o, or leave it out");
        }
    }

    // A job array of which some tasks are submitted again counts those alone: its parts would be others.
    private void CheckOtherShards()
    {
        if (_shard.IsWhole) return;
        foreach (string path in Journal.AllIn(_request.Directory).Where(path => !Journal.IsWhole(path)))
        {
            using JournalFile journal = JournalFile.Open(path);
            Shard other = Shard.Parse(journal.Sessions[^1].Shard, _ => null);
            if (other.Count != _shard.Count)
                throw new UsageException($"'{path}' is of a run in {other.Count} shards, and this is shard {_shard}: name the part as in --shard 2/{other.Count}, or another -o");
        }
    }

    private IBackend Open()
    {
        IBackend backend = DeviceChoices.Open(_request.Device, _request.Precision, _division.ThreadsEach, _error);
        if (backend is not CpuBackend) _division = _division.OnDevice();
        return backend;
    }

    private LungSegmenter Load(IBackend backend, Input first)
    {
        _reader.Begin(first);
        return LungSegmenter.Load(_request.Segmenter with { Backend = backend, Plans = _division.Networks });
    }

    /// <summary>Segments images until they are done or the user or a full disk stops it.</summary>
    private void Work(
        IReadOnlyList<Input> inputs, LungSegmenter segmenter, RunSettings settings, Action<Action<Action<string>>> show, Action<ImageResult> done)
    {
        var work = new ImageWork(segmenter, _reader, _request, settings, _keepsJournal);
        show(tell =>
        {
            using var interruption = new Interruption(() =>
            {
                _interrupted = true;
                tell("lungseg: interrupted: finishing the images under way; once more to stop at once");
            });
            ImageWorkers.Run(_division.Images, inputs, work.Do, (input, result) =>
            {
                _stopReason ??= result.Stop;
                _internalError |= result.IsInternal;
                try
                {
                    done(result);
                    if (result.Entry.Record.Failed) _failures.Add(result.Entry.Record);
                    _lines.Write(input, result, segmenter);
                }
                catch (Exception e) when (DiskFull.Is(e))
                {
                    _stopReason ??= e.Message;
                }
            }, () => _interrupted || _stopReason is not null);
        });
    }

    private void Show(RunProgress progress, Action<Action<string>> work)
    {
        if (_request.Quiet) work(_error.WriteLine);
        else ProgressDisplay.Show(_error, progress, work);
    }

    private RunSession Session(RunSettings settings, string device) => new()
    {
        Started = DateTime.UtcNow,
        Shard = $"{_shard}",
        Images = _inputs.Count,
        AllImages = _collection.Inputs.Count,
        AllNames = Sha256.TextOf(string.Join('\n', _collection.Inputs.Select(input => input.Name))),
        Settings = settings.Values,
        Conditions = Conditions.Of(device)
            .Where(condition => condition.Name is not ("load" or "date"))
            .Append((Name: "images at a time", Value: $"{_division}"))
            .ToDictionary(condition => condition.Name, condition => condition.Value),
    };

    private void Tell(RunProgress progress, int finishedBefore)
    {
        if (_failures.Count > 0) CommandLine.Tell(_error, $"{_failures.Count} of {_inputs.Count} images failed:");
        foreach (ImageRecord failure in _failures.OrderBy(failure => failure.File, StringComparer.Ordinal).Take(MostFailuresTold))
            _error.WriteLine(Printable.Of($"  {failure.Error}"));
        if (_failures.Count > MostFailuresTold) _error.WriteLine($"  … and {_failures.Count - MostFailuresTold} more, all in {RunReports.TableOf(_request.Directory, _shard)}");
        TellOfStop();
        int open = _inputs.Count - finishedBefore - progress.Done;
        if (open > 0)
            CommandLine.Tell(_error, $"{open} of {_inputs.Count} images are still to do: the same command with --resume goes on from here");
    }

    private void TellOfStop()
    {
        if (_stopReason is not null) CommandLine.Tell(_error, $"stopped, as the disk is full: {_stopReason}");
    }

    private void Status(string line)
    {
        if (!_request.Quiet) _error.WriteLine(line);
    }

    private int Exit() => _interrupted ? ExitCode.Interrupted
        : _internalError ? ExitCode.InternalError
        : _stopReason is not null && _failures.Count < _inputs.Count ? ExitCode.CheckFailed
        : ExitCode.Of(_failures.Count, _inputs.Count);
}
