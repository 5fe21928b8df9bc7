using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.Imaging;
using LungSeg.Imaging.Outputs;
using LungSeg.Imaging.Quality;

namespace LungSeg.Cli.Journals;

/// <summary>A line of a journal: exactly one of the three members is set.</summary>
internal sealed record JournalLine
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunSession? Session { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JournalEntry? Image { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SessionEnd? End { get; init; }
}

/// <summary>One start of the program on a run, with settings and conditions.</summary>
internal sealed record RunSession
{
    /// <summary>The version of the journal's lines.</summary>
    public required int Schema { get; init; }

    public required DateTime Started { get; init; }

    /// <summary>The shard, such as "2/4".</summary>
    public required string Shard { get; init; }

    /// <summary>Number of images of this shard.</summary>
    public required int Images { get; init; }

    /// <summary>Number of images of all shards.</summary>
    public required int AllImages { get; init; }

    /// <summary>Hash of all images' names, by which shards of one run are recognised.</summary>
    public required string AllNames { get; init; }

    /// <summary>The images as the command line named them; null in journals of older versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Inputs { get; init; }

    /// <summary>The options of the command line that results depend on; null in journals of older versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Arguments { get; init; }

    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Where it ran: device, threads, processor, system.</summary>
    public required IReadOnlyDictionary<string, string> Conditions { get; init; }
}

/// <summary>How a session ended; one that was killed has no end.</summary>
internal sealed record SessionEnd(DateTime At, bool Interrupted);

/// <summary>An image that is finished or failed, and what identifies its file and settings.</summary>
internal sealed record JournalEntry
{
    public required ImageRecord Record { get; init; }

    /// <summary>Size of the image's file.</summary>
    public long Bytes { get; init; }

    /// <summary>When the image's file was last changed.</summary>
    public DateTime Modified { get; init; }

    /// <summary>The local time that DICOM results state; null in journals of older versions, and for an image that failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTime? ContentTime { get; init; }

    /// <summary>The fingerprint of the settings.</summary>
    public required string Settings { get; init; }

    /// <summary>The masks, where the run writes a dataset of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<EncodedLung>? Masks { get; init; }

    /// <summary>A preview for the report's page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Thumbnail? Thumbnail { get; init; }
}

[JsonSerializable(typeof(JournalLine))]
[JsonSerializable(typeof(ImageRecord))]
internal sealed partial class RunJson : JsonSerializerContext
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // A journal is read again, and anybody may have changed it.
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>One line for each value; file names in any script stay readable.</summary>
    public static RunJson Lines { get; } = new(OneLine);
}

/// <summary>
/// The result of one image: a line of report.jsonl. It does not depend on the order in which images are done.
/// </summary>
internal sealed record ImageRecord
{
    /// <summary>The version of the line.</summary>
    public required int Schema { get; init; }

    /// <summary>The image's name in the run.</summary>
    public required string File { get; init; }

    /// <summary>Why the image failed; null if it did not. The following members up to <see cref="Lungs"/> are null if it did.</summary>
    public required string? Error { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    /// <summary>SHA-256 of the image's file.</summary>
    public string? Sha256 { get; init; }

    public MethodFacts? Method { get; init; }

    public LungFacts? Lungs { get; init; }

    /// <summary>Questions about image and mask for a person to check.</summary>
    public required IReadOnlyList<QualityFlag> Flags { get; init; }

    /// <summary>The reader's warnings.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The files that were written.</summary>
    public required IReadOnlyList<OutputFile> Outputs { get; init; }

    /// <summary>The formats that were asked for and that this image cannot have.</summary>
    public required IReadOnlyList<SkippedFormat> Skipped { get; init; }

    /// <summary>The time of each step; not in reports, which must not depend on it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StepTimes? Milliseconds { get; init; }

    [JsonIgnore]
    public bool Failed => Error is not null;
}

/// <summary>A format that an image cannot have, and why.</summary>
internal sealed record SkippedFormat(string Format, string Reason);

/// <summary>The time of each step in milliseconds, to a tenth; the network's time does not include waiting for its turn.</summary>
internal sealed record StepTimes(double Read, double Preprocess, double Network, double Postprocess, double Write)
{
    public static StepTimes Of(SegmentationTimes times, TimeSpan write) =>
        new(Tenths(times.Read), Tenths(times.Preprocess), Tenths(times.Network), Tenths(times.Postprocess), Tenths(write));

    private static double Tenths(TimeSpan time) => Math.Round(time.TotalMilliseconds, 1);
}

/// <summary>
/// A file that was written: its format and its name relative to the output directory, with '/'; in a journal also size and SHA-256.
/// </summary>
internal sealed record OutputFile(
    string Format,
    string Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Bytes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256 = null)
{
    public static OutputFile Of(string format, string directory, string path, bool hashed)
    {
        string name = Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/');
        if (!hashed) return new OutputFile(format, name);
        using FileStream stream = File.OpenRead(path);
        return new OutputFile(format, name, stream.Length, IO.Sha256.TextOf(stream));
    }

    /// <summary>Whether the file in a directory is unchanged. A link is a change, and is not followed out of the directory.</summary>
    public bool IsIn(string directory)
    {
        var file = new FileInfo(PathIn(directory));
        if (!file.Exists || file.Length != Bytes || file.LinkTarget is not null || !RealPath.IsBelow(file.FullName, directory))
            return false;
        using FileStream stream = file.OpenRead();
        return IO.Sha256.TextOf(stream) == Sha256;
    }

    public string PathIn(string directory) => Path.Combine(directory, Name.Replace('/', Path.DirectorySeparatorChar));
}
