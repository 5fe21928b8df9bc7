using System.Text.Json;
using System.Text.Json.Serialization;

namespace LungSeg.Server.Spooling;

/// <summary>Where an image came from.</summary>
internal enum Door
{
    Dicom,
    Http,
    Stow,
    Watch,
}

/// <summary>What a DICOM object says of itself, as far as rules and answers ask; "" where absent.</summary>
internal sealed record ObjectHead(string SopClass, string SopInstance)
{
    public string Modality { get; init; } = "";

    public string View { get; init; } = "";

    public string BodyPart { get; init; } = "";

    public string Station { get; init; } = "";

    /// <summary>The Study Instance UID; not kept.</summary>
    [JsonIgnore]
    public string Study { get; init; } = "";
}

/// <summary>What a caller asked for, instead of the rules.</summary>
/// <param name="Formats">The results, by the names of <c>--format</c>.</param>
/// <param name="Threshold">Lung is what is more probable than this; null for the service's own.</param>
/// <param name="Direct">Whether the caller waits for the answer: nothing is owed to one that has gone.</param>
internal sealed record ItemRequest(IReadOnlyList<string> Formats, float? Threshold, bool Direct);

/// <summary>How an image came in.</summary>
internal sealed record Acceptance
{
    /// <summary>When, in UTC. Results state it as their own time, so that each retry makes the same bytes.</summary>
    public required DateTime Time { get; init; }

    public required Door Door { get; init; }

    /// <summary>The sender's AE title, or null.</summary>
    public string? Sender { get; init; }

    /// <summary>What result files are called, without extension; '/' between folders.</summary>
    public required string Name { get; init; }

    public required string Sha256 { get; init; }

    /// <summary>What the object says of itself; null where the image is no DICOM object.</summary>
    public ObjectHead? Dicom { get; init; }

    /// <summary>What the caller asked for; null where the rules decide.</summary>
    public ItemRequest? Request { get; init; }

    /// <summary>Another item that came with the same SOP Instance UID and other content; null if there is none.</summary>
    public string? Twin { get; init; }
}

/// <summary>A result file.</summary>
internal sealed record ResultFile(string Format, string Name, long Bytes, string Sha256);

/// <summary>The work on an image that is finished.</summary>
internal sealed record WorkDone(IReadOnlyList<ResultFile> Results, IReadOnlyList<string> Destinations)
{
    /// <summary>The rule that decided; null where none did.</summary>
    public string? Rule { get; init; }

    /// <summary>A hash of the pixels as read, whatever their coding was.</summary>
    public string Pixels { get; init; } = "";

    public double Milliseconds { get; init; }
}

/// <summary>Something that went wrong at a time.</summary>
internal sealed record Fault(string Error, DateTime Time);

/// <summary>A delivery: to which destination, and what is left to wait for or what went wrong.</summary>
internal sealed record DeliveryLine(string To, DateTime Time)
{
    public string? Error { get; init; }

    /// <summary>The transaction whose storage commitment is waited for; null where the delivery is complete or failed.</summary>
    public string? Transaction { get; init; }
}

/// <summary>One line of an item's journal: one of its members is there.</summary>
internal sealed record JournalLine
{
    public Acceptance? Accepted { get; init; }

    /// <summary>Work begins.</summary>
    public DateTime? Work { get; init; }

    public WorkDone? Done { get; init; }

    public Fault? Failed { get; init; }

    public DeliveryLine? Delivery { get; init; }

    /// <summary>Nothing more is tried until somebody asks.</summary>
    public Fault? Parked { get; init; }

    /// <summary>The image came once more, or somebody asked: what is left to do is done again.</summary>
    public DateTime? Again { get; init; }

    /// <summary>All is done.</summary>
    public DateTime? Closed { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(JournalLine))]
[JsonSerializable(typeof(ItemRequest))]
internal sealed partial class SpoolJson : JsonSerializerContext
{
    /// <summary>Lines that are not what a journal has are no JSON for the reader.</summary>
    public static JournalLine Parse(ReadOnlySpan<byte> line) =>
        JsonSerializer.Deserialize(line, Default.JournalLine) ?? throw new JsonException("null");
}
