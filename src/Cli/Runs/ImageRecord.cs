using System.Text.Json.Serialization;
using LungSeg.Imaging;
using LungSeg.Imaging.Quality;

namespace LungSeg.Cli.Runs;

/// <summary>What a run found out about one image: a line of report.jsonl, and the same on every machine and in every order of work.</summary>
internal sealed record ImageRecord
{
    /// <summary>The image's name in the run.</summary>
    public required string File { get; init; }

    /// <summary>Why there are no outputs; null if there are.</summary>
    public string? Error { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    /// <summary>SHA-256 of the image's file.</summary>
    public string? Sha256 { get; init; }

    public LungFacts? Lungs { get; init; }

    /// <summary>Questions about image and mask that a person should look at.</summary>
    public IReadOnlyList<QualityFlag> Flags { get; init; } = [];

    /// <summary>What the reader found that the user should look at.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The files that were written.</summary>
    public IReadOnlyList<OutputFile> Outputs { get; init; } = [];

    /// <summary>How long it took; only where it is told as it happens, not in a report.</summary>
    public StepTimes? Milliseconds { get; init; }

    [JsonIgnore]
    public bool Failed => Error is not null;
}

/// <summary>The time of each step, in milliseconds to a tenth; the network's does not count the wait for its turn.</summary>
internal sealed record StepTimes(double Read, double Preprocess, double Network, double Postprocess, double Write)
{
    public static StepTimes Of(SegmentationTimes times, TimeSpan write) =>
        new(Tenths(times.Read), Tenths(times.Preprocess), Tenths(times.Network), Tenths(times.Postprocess), Tenths(write));

    private static double Tenths(TimeSpan time) => Math.Round(time.TotalMilliseconds, 1);
}
