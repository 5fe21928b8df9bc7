using System.CommandLine;
using LungSeg.Cli.Inputs;

namespace LungSeg.Cli.Runs;

/// <summary>A run of <c>segment</c> over named files: it writes their results and nothing else.</summary>
internal static class FileRun
{
    /// <summary>Runs, and returns the program's exit code.</summary>
    public static int Execute(SegmentRequest request, IReadOnlyList<Input> inputs, InvocationConfiguration streams)
    {
        var lines = new ResultLines(request, streams, showsProgress: false);
        var state = new RunState();
        using ImageWork work = ImageWork.Open(request, inputs.Count, forJournal: false, mayLack: false, streams.Error);
        work.Load(inputs[0]);
        using (state.Watch(streams.Error.WriteLine))
        {
            work.DoAll(inputs, state, (input, result) =>
            {
                if (result.Record.Error is { } error) CommandLine.Tell(streams.Error, error);
                lines.Write(input, result, work.Segmenter);
            });
        }
        if (state.IsInterrupted) CommandLine.Tell(streams.Error, "interrupted");
        // An error of a single image has told of the full disk already.
        if (state.Failures.Count < inputs.Count) state.TellOfStop(streams.Error);
        return state.ExitCodeOf(inputs.Count);
    }
}
