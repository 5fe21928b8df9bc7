using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli.Runs;

/// <summary>One line of a journal: one of the three.</summary>
internal sealed record JournalLine
{
    public RunSession? Session { get; init; }

    public JournalEntry? Image { get; init; }

    public SessionEnd? End { get; init; }
}

/// <summary>A start of the program on a run, with what its numbers would mean nothing without.</summary>
internal sealed record RunSession
{
    public required DateTime Started { get; init; }

    /// <summary>The part of the run, such as "2/4".</summary>
    public required string Shard { get; init; }

    /// <summary>Images of this part.</summary>
    public required int Images { get; init; }

    /// <summary>Images of all parts together.</summary>
    public required int AllImages { get; init; }

    /// <summary>Hash of all images' names, by which parts of one run know each other.</summary>
    public required string AllNames { get; init; }

    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Where it ran: device, threads, processor, system.</summary>
    public required IReadOnlyDictionary<string, string> Conditions { get; init; }
}

/// <summary>How a session ended; one that was killed has no end.</summary>
internal sealed record SessionEnd(DateTime At, bool Interrupted);

/// <summary>An image that is finished, or failed, and by what it is known again.</summary>
internal sealed record JournalEntry
{
    public required ImageRecord Record { get; init; }

    /// <summary>Size of the image's file.</summary>
    public long Bytes { get; init; }

    /// <summary>When the image's file was last changed.</summary>
    public DateTime Modified { get; init; }

    /// <summary>The fingerprint of the settings.</summary>
    public required string Settings { get; init; }

    /// <summary>The masks, where the run writes a dataset of them.</summary>
    public IReadOnlyList<EncodedLung>? Masks { get; init; }

    /// <summary>The image and its lungs, small, for the report's page.</summary>
    public Thumbnail? Thumbnail { get; init; }
}

[JsonSerializable(typeof(JournalLine))]
[JsonSerializable(typeof(ImageRecord))]
internal sealed partial class RunJson : JsonSerializerContext
{
    private static readonly JsonSerializerOptions OneLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // A journal is read back, and may have been changed by anybody.
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Each value on one line, with file names as they are.</summary>
    public static RunJson Lines { get; } = new(OneLine);
}
