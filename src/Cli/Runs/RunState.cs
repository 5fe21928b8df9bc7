using LungSeg.Cli.Journals;
using LungSeg.IO;

namespace LungSeg.Cli.Runs;

/// <summary>What a run has come to so far: failures, an interruption, a full disk; and the exit code that follows.</summary>
internal sealed class RunState
{
    private readonly List<ImageRecord> _failures = [];
    private volatile bool _interrupted;
    private volatile string? _stopReason;
    private bool _internalError;

    public IReadOnlyList<ImageRecord> Failures => _failures;

    public bool IsInterrupted => _interrupted;

    /// <summary>Whether no more images are begun.</summary>
    public bool Ends => _interrupted || _stopReason is not null;

    /// <summary>
    /// Until what is returned is disposed, Ctrl-C and SIGTERM end the run after the images in progress; <paramref name="tell"/> gets a line
    /// that says so.
    /// </summary>
    public Interruption Watch(Action<string> tell) => new(() =>
    {
        _interrupted = true;
        tell("lungseg: interrupted: finishing the images in progress; press Ctrl-C again to stop at once");
    });

    /// <summary>Counts an image's result, and records it; a disk that is found full by that stops the run. One call at a time.</summary>
    public void Count(ImageResult result, Action record)
    {
        _stopReason ??= result.Stop;
        _internalError |= result.IsInternal;
        try
        {
            record();
            if (result.Record.Failed) _failures.Add(result.Record);
        }
        catch (Exception e) when (DiskFull.Is(e))
        {
            _stopReason ??= e.Message;
        }
    }

    /// <summary>Tells the user why the run stopped early.</summary>
    public void TellOfStop(TextWriter error)
    {
        if (_stopReason is not null) CommandLine.Tell(error, $"stopped, as the disk is full: {_stopReason}");
    }

    /// <summary>The program's exit code after a run over so many images.</summary>
    public int ExitCodeOf(int images)
    {
        if (_interrupted) return ExitCode.Interrupted;
        if (_internalError) return ExitCode.InternalError;
        if (_stopReason is not null && _failures.Count < images) return ExitCode.CheckFailed;
        return ExitCode.Of(_failures.Count, images);
    }
}
