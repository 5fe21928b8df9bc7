using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Journals;
using LungSeg.Imaging;
using LungSeg.Imaging.Quality;
using LungSeg.Models;

namespace LungSeg.Cli.Runs;

/// <summary>Prints each image's result, in the order in which images are completed: a line of text, a line of JSON, or nothing.</summary>
internal sealed class ResultLines(SegmentRequest request, InvocationConfiguration streams, bool showsProgress)
{
    // On a terminal with a progress bar, thousands of lines would hide the warnings.
    private readonly bool _silent = request.Quiet || (showsProgress && !request.Json
        && streams.Output == Console.Out && !Console.IsOutputRedirected && ProgressDisplay.IsTerminal(streams.Error));

    public void Write(Input input, ImageResult result, LungSegmenter segmenter)
    {
        if (_silent) return;
        ImageRecord record = result.Record;
        if (request.Json)
        {
            streams.Output.WriteLine(JsonSerializer.Serialize(record, RunJson.Lines.ImageRecord));
            return;
        }
        if (record.Failed) return;
        streams.Output.WriteLine(Printable.Of(Summary(input, result, segmenter)));
        foreach (QualityFlag flag in record.Flags) streams.Output.WriteLine($"  {flag.Name}: {flag}");
        foreach (Decision decision in result.Decisions) streams.Output.WriteLine(Printable.Of($"  {decision}"));
    }

    /// <summary>How a network that is none of the nine wants its images, which its results depend on; empty for the nine.</summary>
    public static string Preparation(Architecture network) => network.IsOfStudy ? "" : $" ({network.Normalisation})";

    private string Summary(Input input, ImageResult result, LungSegmenter segmenter)
    {
        ImageRecord record = result.Record;
        StepTimes times = record.Milliseconds!;
        string lungs = result.LungShare == 0 ? "no lung found" : $"lung {Units.Percent(result.LungShare)} of the mask";
        IEnumerable<string> written = record.Outputs.Select(output => output.PathIn(request.Directory));
        return string.Create(CultureInfo.InvariantCulture,
            $"{input.Path}: {record.Width} x {record.Height}, "
            + $"{segmenter.Network.Name} at {segmenter.NetworkSize} x {segmenter.NetworkSize}{Preparation(segmenter.Network)} "
            + $"on {segmenter.Device}; "
            + $"read {Units.Milliseconds(times.Read)}, preprocess {Units.Milliseconds(times.Preprocess)}, "
            + $"network {Units.Milliseconds(times.Network)}, postprocess {Units.Milliseconds(times.Postprocess)}, "
            + $"write {Units.Milliseconds(times.Write)} ms; {lungs}; wrote {string.Join(", ", written)}");
    }
}
