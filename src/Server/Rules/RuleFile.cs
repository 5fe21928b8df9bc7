using System.Text.Json;
using System.Text.Json.Serialization;
using LungSeg.Cli;
using LungSeg.Imaging.Outputs;
using LungSeg.IO;
using LungSeg.Server.Dicom;
using LungSeg.Server.Spooling;

namespace LungSeg.Server.Rules;

// What has a default is set, not initialised: the serializer initialises what the file leaves out too, with null.

/// <summary>The rules as their file has them (docs/service.md, rules.schema.json).</summary>
internal sealed record RuleFile
{
    private const long MaxBytes = 1 << 20;

    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    public Dictionary<string, DestinationEntry> Destinations { get; set; } = [];

    public IReadOnlyList<RuleEntry> Rules { get; set; } = [];

    /// <summary>Reads a file; what is wrong with it is one line.</summary>
    public static RuleFile Read(string path)
    {
        byte[] bytes = BoundedFile.Read(path, MaxBytes, "file of rules");
        try
        {
            return JsonSerializer.Deserialize(bytes, RuleJson.Strict.RuleFile) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            string reason = e.Message.ReplaceLineEndings(" ").Split(" Path:")[0].Split(" LineNumber:")[0];
            throw new UsageException($"{path}, line {e.LineNumber + 1}: no rules: {reason} (at {e.Path ?? "$"})", e);
        }
    }
}

/// <summary>Where results go: exactly one of <see cref="Store"/>, <see cref="Stow"/> and <see cref="Out"/>.</summary>
internal sealed record DestinationEntry
{
    /// <summary>A DICOM node: AET@HOST:PORT.</summary>
    public string? Store { get; init; }

    /// <summary>A DICOMweb service: the URL to which "/studies" is added.</summary>
    public string? Stow { get; init; }

    /// <summary>A directory.</summary>
    public string? Out { get; init; }

    /// <summary>Of a DICOM node: whether it is reached by TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>Of a DICOM node: whether it is asked for storage commitment, without which nothing counts as delivered.</summary>
    public bool Commit { get; init; }

    /// <summary>Of a DICOMweb service: a file with its bearer token.</summary>
    public string? TokenFile { get; init; }
}

/// <summary>A rule: which images, which results, where to.</summary>
internal sealed record RuleEntry
{
    public string Name { get; set; } = "";

    public Condition When { get; set; } = new();

    /// <summary>The results, by the names of <c>--format</c>; none where the images are left alone.</summary>
    public IReadOnlyList<string> Formats { get; set; } = [];

    /// <summary>Names of destinations.</summary>
    public IReadOnlyList<string> To { get; set; } = [];
}

/// <summary>
/// Which images a rule is for: each list that is there must hold the image's value. '*' stands for any characters; "" for a value that is
/// absent.
/// </summary>
internal sealed record Condition
{
    public IReadOnlyList<string>? Modality { get; init; }

    public IReadOnlyList<string>? View { get; init; }

    public IReadOnlyList<string>? BodyPart { get; init; }

    public IReadOnlyList<string>? Station { get; init; }

    /// <summary>The AE title of the sender.</summary>
    public IReadOnlyList<string>? Sender { get; init; }

    /// <summary>Whether the image is a DICOM object.</summary>
    public bool? Dicom { get; init; }

    public bool Holds(Acceptance image) => (Dicom is null || Dicom == image.Dicom is not null)
        && Has(Modality, image.Dicom?.Modality) && Has(View, image.Dicom?.View) && Has(BodyPart, image.Dicom?.BodyPart)
        && Has(Station, image.Dicom?.Station) && Has(Sender, image.Sender);

    private static bool Has(IReadOnlyList<string>? list, string? value) =>
        list is null || list.Any(pattern =>
        System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, value ?? "", ignoreCase: true));
}

/// <summary>Rules that were checked, with their writers' options.</summary>
internal sealed class RuleSet
{
    private readonly IReadOnlyList<(RuleEntry Rule, IReadOnlyList<IResultWriter> Writers)> _rules;

    private RuleSet(IReadOnlyDictionary<string, DestinationEntry> destinations,
        IReadOnlyList<(RuleEntry, IReadOnlyList<IResultWriter>)> rules) =>
        (Destinations, _rules) = (destinations, rules);

    public IReadOnlyDictionary<string, DestinationEntry> Destinations { get; }

    public int Count => _rules.Count;

    /// <summary>The first rule that holds for an image; null where none does.</summary>
    public (RuleEntry Rule, IReadOnlyList<IResultWriter> Writers)? For(Acceptance image)
    {
        foreach ((RuleEntry Rule, IReadOnlyList<IResultWriter> Writers) pair in _rules)
            if (pair.Rule.When.Holds(image)) return pair;
        return null;
    }

    /// <summary>
    /// Checks rules; <paramref name="source"/> is where they are from, and <paramref name="given"/> the destinations that the command line
    /// names, by their options' names.
    /// </summary>
    /// <exception cref="UsageException">A rule or a destination cannot be.</exception>
    public static RuleSet Of(RuleFile file, string source, IReadOnlyDictionary<string, DestinationEntry> given, ResultOptions options)
    {
        var destinations = new Dictionary<string, DestinationEntry>(given);
        foreach ((string name, DestinationEntry entry) in file.Destinations)
        {
            if (!destinations.TryAdd(name, entry))
                throw new UsageException($"{source}: the destination '{name}' is given on the command line too: choose another name");
            if (Fault(entry) is { } fault) throw new UsageException($"{source}: destination '{name}': {fault}");
        }
        var rules = new List<(RuleEntry, IReadOnlyList<IResultWriter>)>();
        foreach (RuleEntry rule in file.Rules)
        {
            string name = rule.Name.Length > 0 ? $"rule '{rule.Name}'" : $"rule {rules.Count + 1}";
            if (rule.To.FirstOrDefault(to => !destinations.ContainsKey(to)) is { } unknown)
                throw new UsageException($"{source}: {name}: unknown destination "
                + $"'{unknown}'{Suggestion.For(unknown, destinations.Keys)}: expected one of {string.Join(", ", destinations.Keys)}");
            if (rule.Formats.Count == 0 != (rule.To.Count == 0))
                throw new UsageException($"{source}: {name}: expected both formats and to, or neither where images are left alone");
            rules.Add((rule, Writers(rule.Formats, options, $"{source}: {name}")));
            if (rule.To.All(to => destinations[to].Out is null) && rule.To.Count > 0
                && rules[^1].Item2.All(writer => !writer.Extension.EndsWith(".dcm", StringComparison.Ordinal)))
                throw new UsageException($"{source}: {name}: its destinations take DICOM objects alone, and none of its formats is one: "
                + "add seg, sr, sc or pr");
        }
        return new RuleSet(destinations, rules);
    }

    /// <summary>Writers by their names.</summary>
    /// <exception cref="UsageException">A name is unknown, or they do not go together.</exception>
    public static IReadOnlyList<IResultWriter> Writers(IReadOnlyList<string> formats, ResultOptions options, string source)
    {
        try
        {
            return formats.Count == 0 ? [] : ResultFormats.Parse(string.Join(',', formats), options);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"{source}: {e.Message}");
        }
    }

    private static string? UrlFault(string url) => Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
        && uri.UserInfo.Length == 0
        ? null
        : $"expected a DICOMweb service as http://HOST/PATH or https://HOST/PATH without a password, found '{url}'";

    /// <summary>What is wrong with a destination; null where nothing is.</summary>
    public static string? Fault(DestinationEntry entry)
    {
        string?[] kinds = [entry.Store, entry.Stow, entry.Out];
        if (kinds.Count(kind => kind is not null) != 1) return "expected exactly one of store, stow and out";
        if (entry.Store is null && (entry.Tls || entry.Commit)) return "tls and commit are of a DICOM node (store)";
        if (entry.Stow is null && entry.TokenFile is not null) return "tokenFile is of a DICOMweb service (stow)";
        if (entry.Store is { } node && Node.Fault(node) is { } fault) return fault;
        if (entry.Stow is { } url && UrlFault(url) is { } wrong) return wrong;
        return entry.Out is "" ? "out: the directory has no name" : null;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(RuleFile))]
internal sealed partial class RuleJson : JsonSerializerContext
{
    public static RuleJson Strict => Default;
}
