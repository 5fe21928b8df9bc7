using System.CommandLine;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Reports;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>
/// A run of <c>segment</c> over a folder, a pattern or a list, or one that is asked for what needs a journal: it can be stopped and
/// resumed, divided into shards, and writes reports.
/// </summary>
internal sealed class FolderRun
{
    private const int MaxFailuresTold = 20, MaxReasons = 3;
    private readonly SegmentRequest _request;
    private readonly InputCollection _collection;
    private readonly Shard _shard;
    private readonly IReadOnlyList<Input> _inputs;
    private readonly TextWriter _error;
    private readonly RunState _state = new();
    private readonly List<SkippedFormat> _skipped = [];

    private FolderRun(SegmentRequest request, InputCollection collection, TextWriter error)
    {
        (_request, _collection, _error) = (request, collection, error);
        _shard = request.Shard ?? Shard.Whole;
        _inputs = _shard.IsWhole ? collection.Inputs : [.. collection.Inputs.Where(input => _shard.Holds(input.Name))];
    }

    /// <summary>Runs, and returns the program's exit code.</summary>
    public static int Execute(SegmentRequest request, InputCollection collection, InvocationConfiguration streams) =>
        new FolderRun(request, collection, streams.Error).Execute(new ResultLines(request, streams, showsProgress: true));

    private int Execute(ResultLines lines)
    {
        CheckOtherShards();
        foreach (string notice in _collection.Notices) Status(notice);
        using ImageWork work = ImageWork.Open(_request, _inputs.Count, forJournal: true, _collection.IsFolder, _error);
        RunSettings settings = _request.Settings(work.Backend);
        using Journal journal = Journal.Take(_request.Directory, _shard);
        Leftovers.Remove(_request.Directory, [.. _inputs.Select(input => input.Stem), .. RunReports.NamesOf(_shard)]);
        OutputDirectory.CheckLinks(_request.Directory, _inputs.Select(input => input.Stem));

        using FinishedWork finished = _request.Resume ? FinishedWork.In(_request.Directory) : FinishedWork.None;
        IReadOnlyList<Input> rest = finished.Rest(_inputs, settings, _request.Writers, _collection.IsFolder);
        foreach (string line in finished.Redone()) Status(line);
        if (finished.Count > 0) Status($"{finished.Count} of {_inputs.Count} images are already finished, and their outputs are unchanged");

        if (rest.Count > 0) work.Load(rest[0]);
        var progress = new RunProgress(rest.Count);
        using (var display = ProgressDisplay.Start(_error, progress, _request.Quiet || rest.Count == 0))
        // Before the journal begins: who stops a run that has one finds it ended in order.
        using (_state.Watch(display.Tell))
        {
            journal.Begin(finished.Kept().Append(new JournalLine { Session = Session(settings, work) }));
            using LineFile? table = _request.Results.Dataset ? Dataset.Begin(_request.Directory, _shard, finished.Entries()) : null;
            work.DoAll(rest, _state, (input, result) =>
            {
                JournalEntry entry = Entry(result, settings);
                journal.Add(new JournalLine { Image = entry });
                if (Dataset.Holds(entry)) table?.Add(Dataset.LineOf(entry));
                progress.Add(result.Record.Failed);
                _skipped.AddRange(result.Record.Skipped);
                lines.Write(input, result, work.Segmenter);
            });
        }
        TellSkipped();

        // The failures are told first: on a full disk the next steps fail.
        TellFailures(_inputs.Count - finished.Count - progress.Done);
        journal.Add(new JournalLine { End = new SessionEnd(DateTime.UtcNow, _state.Ends) });
        IReadOnlyList<string> reports = RunReports.Write(_request.Directory, _shard, _request.Report);
        Status($"{progress.Done} {(progress.Done == 1 ? "image" : "images")} in {Units.Duration(progress.Elapsed.TotalSeconds)}, "
            + $"{progress.RateText}; wrote {string.Join(", ", reports)}");
        return _state.ExitCodeOf(_inputs.Count);
    }

    // A job array of which some tasks are submitted again counts those alone: its shards would hold other images.
    private void CheckOtherShards()
    {
        if (_shard.IsWhole) return;
        foreach (string path in Journal.AllIn(_request.Directory).Where(path => !Journal.IsWhole(path)))
        {
            using JournalFile journal = JournalFile.Open(path);
            Shard other = Shard.Parse(journal.Sessions[^1].Shard, _ => null);
            if (other.Count == _shard.Count) continue;
            throw new UsageException($"'{path}' belongs to a run in {other.Count} shards, and this is shard {_shard}: "
                + $"give a shard such as --shard 2/{other.Count}, or another -o");
        }
    }

    private RunSession Session(RunSettings settings, ImageWork work) => new()
    {
        Schema = JsonFacts.Version,
        Started = DateTime.UtcNow,
        Shard = $"{_shard}",
        Images = _inputs.Count,
        AllImages = _collection.Inputs.Count,
        AllNames = Sha256.TextOf(string.Join('\n', _collection.Inputs.Select(input => input.Name))),
        Inputs = _request.Images,
        Arguments = _request.Arguments,
        Settings = settings.Values,
        Conditions = Conditions.Of(work.Backend.Description)
            .Where(condition => condition.Name is not ("load" or "date"))
            .Append((Name: "images at a time", Value: $"{work.Division}"))
            .ToDictionary(condition => condition.Name, condition => condition.Value),
    };

    private static JournalEntry Entry(ImageResult result, RunSettings settings) => new()
    {
        Record = result.Record,
        Bytes = result.Bytes,
        Modified = result.Modified,
        ContentTime = result.ContentTime,
        Settings = settings.Fingerprint,
        Masks = result.Masks,
        Thumbnail = result.Thumbnail,
    };

    // One line for the run: in a mixed folder most images may lack a format.
    private void TellSkipped()
    {
        if (_skipped.Count == 0) return;
        IEnumerable<string> formats = _skipped.GroupBy(skipped => skipped.Format).Select(format =>
            $"{format.Key} of {format.Count()} "
                + $"({string.Join(", ", format.Select(skipped => skipped.Reason).Distinct().Take(MaxReasons))})");
        Status($"formats that images cannot have were skipped: {string.Join("; ", formats)}");
    }

    private void TellFailures(int open)
    {
        IReadOnlyList<ImageRecord> failures = _state.Failures;
        if (failures.Count > 0) CommandLine.Tell(_error, $"{failures.Count} of {_inputs.Count} images failed:");
        foreach (ImageRecord failure in failures.OrderBy(failure => failure.File, StringComparer.Ordinal).Take(MaxFailuresTold))
            _error.WriteLine(Printable.Of($"  {failure.Error}"));
        string table = RunReports.TableOf(_request.Directory, _shard);
        if (failures.Count > MaxFailuresTold) _error.WriteLine($"  … and {failures.Count - MaxFailuresTold} more, all in {table}");
        _state.TellOfStop(_error);
        if (open > 0) CommandLine.Tell(_error, $"{open} of {_inputs.Count} images remain: run the same command with --resume to continue");
    }

    private void Status(string line)
    {
        if (!_request.Quiet) _error.WriteLine(line);
    }
}
