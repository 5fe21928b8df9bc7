using System.Globalization;
using System.Net;
using LungSeg.Cli;
using LungSeg.Cli.Commands;
using LungSeg.IO;
using LungSeg.Server.Dicom;
using LungSeg.Server.Rules;
using LungSeg.Server.Watching;

namespace LungSeg.Server;

/// <summary>What the options come to, checked: each fault is one line.</summary>
internal sealed record ServiceSettings
{
    private const int MinToken = 16, MaxTokenBytes = 1 << 12;

    public IPEndPoint? HttpAt { get; private init; }

    public string? Token { get; private init; }

    public IPEndPoint? DicomAt { get; private init; }

    public required NodeOptions NodeOptions { get; init; }

    public required IReadOnlyList<Node> Peers { get; init; }

    public required Certificates Certificates { get; init; }

    /// <summary>Reads the rules: at the start, and again when their file changes.</summary>
    public required Func<RuleSet> ReadRules { get; init; }

    /// <summary>Whether images that no caller waits for have somewhere to go.</summary>
    public bool Delivers { get; private init; }

    public required string Spool { get; init; }

    public Sources Sources { get; private init; }

    /// <exception cref="UsageException">An option cannot be, or options do not go together.</exception>
    public static ServiceSettings Of(ServeRequest request)
    {
        bool noDoor = request.Http is null && request.Dicom is null && request.Watch is null;
        IPEndPoint? http = request.Http is { } text ? EndPoint("--http", text, null) : noDoor ? new IPEndPoint(IPAddress.Loopback, 8080)
            : null;
        string? token = request.TokenFile is null ? null : ReadToken("--token-file", request.TokenFile);
        if (http is not null && token is null && !IPAddress.IsLoopback(http.Address))
            throw new UsageException($"--http {http} is open to other machines: give a token with --token-file, or take 127.0.0.1");
        if (Node.TitleFault(request.AeTitle) is { } fault) throw new UsageException($"--aet: {fault}");
        foreach (string caller in request.Callers)
            if (Node.TitleFault(caller) is { } wrong) throw new UsageException($"--allow-aet: {wrong}");
        Dictionary<string, DestinationEntry> given = Given(request);
        bool delivers = given.Count > 0 || request.Rules is not null;
        if (!delivers && (request.Dicom ?? request.Watch) is not null)
            throw new UsageException($"{(request.Dicom is not null ? "--dicom" : "--watch")} takes images whose results have nowhere to "
            + "go: give --store, --stow, --out or --rules");
        if (request.StoreTls && request.Store is null) throw new UsageException("--store-tls without --store");
        if (request.Watch is { } watch && !Directory.Exists(watch))
            throw new UsageException($"--watch: the folder '{watch}' does not exist{Suggestion.ForFile(watch)}");
        if (request.Out is { } directory) OutputDirectory.Check(directory);
        RuleSet rules = RulesOf(request, given);
        string state = Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } folder
            ? Path.Combine(folder.Split(':')[0], "spool") : "lungseg-spool";
        return new ServiceSettings
        {
            HttpAt = http,
            Token = token,
            DicomAt = request.Dicom is null ? null : EndPoint("--dicom", request.Dicom, IPAddress.IPv6Any),
            Peers = [.. request.Peers.Select(peer => Peer("--peer", peer)), .. request.Store is null ? []
            : (Node[])[Node.Parse(request.Store, request.StoreTls)]],
            Certificates = Certificates.Read(request, request.StoreTls || rules.Destinations.Values.Any(entry => entry.Tls)),
            ReadRules = () => RulesOf(request, given),
            Delivers = delivers,
            Spool = request.Spool ?? state,
            Sources = Enum.Parse<Sources>(request.Watched, ignoreCase: true),
            NodeOptions = new NodeOptions
            {
                AeTitle = request.AeTitle,
                Callers = request.Callers,
                Networks = [.. request.Networks.Select(Network)],
                Associations = request.Associations,
                Commits = request.Commits,
            },
        };
    }

    /// <summary>A token in a file, without the line break behind it.</summary>
    public static string ReadToken(string option, string file)
    {
        string token = System.Text.Encoding.UTF8.GetString(BoundedFile.Read(file, MaxTokenBytes, "token")).Trim();
        return token.Length >= MinToken && !token.Any(c => c is <= ' ' or > '~')
            ? token
            : throw new UsageException($"{option}: a token of {MinToken} characters or more without spaces expected in '{file}'");
    }

    private static Dictionary<string, DestinationEntry> Given(ServeRequest request)
    {
        var given = new Dictionary<string, DestinationEntry>();
        if (request.Store is not null) given["store"] = new DestinationEntry { Store = request.Store, Tls = request.StoreTls };
        if (request.Stow is not null) given["stow"] = new DestinationEntry { Stow = request.Stow };
        if (request.Out is not null) given["out"] = new DestinationEntry { Out = request.Out };
        foreach ((string name, DestinationEntry entry) in given)
            if (RuleSet.Fault(entry) is { } fault) throw new UsageException($"--{name}: {fault}");
        return given;
    }

    private static RuleSet RulesOf(ServeRequest request, Dictionary<string, DestinationEntry> given)
    {
        if (request.Rules is not null) return RuleSet.Of(RuleFile.Read(request.Rules), request.Rules, given, request.Results);
        // Without rules all images go everywhere.
        List<string> formats = [];
        if (given.ContainsKey("store") || given.ContainsKey("stow")) formats.AddRange(["seg", "sr"]);
        if (given.ContainsKey("out")) formats.AddRange(["mask", "overlay"]);
        var all = new RuleFile
        {
            Rules = given.Count == 0 ? []
                : [new RuleEntry { Name = "all", Formats = request.Formats?.Split(',') ?? [.. formats], To = [.. given.Keys] }],
        };
        return RuleSet.Of(all, "--format", given, request.Results);
    }

    private static Node Peer(string option, string text) =>
        Node.Fault(text) is { } fault ? throw new UsageException($"{option}: {fault}") : Node.Parse(text);

    private static IPNetwork Network(string text)
    {
        if (IPNetwork.TryParse(text, out IPNetwork network)) return network;
        if (IPAddress.TryParse(text, out IPAddress? address)) return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        throw new UsageException($"--allow-from: expected an address or a network such as 10.1.0.0/16, found '{text}'");
    }

    private static IPEndPoint EndPoint(string option, string text, IPAddress? any)
    {
        if (any is not null && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= ushort.MaxValue)
            return new IPEndPoint(any, port);
        string literal = text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase) ? $"127.0.0.1{text[9..]}" : text;
        int colon = literal.LastIndexOf(':');
        return colon > 0 && IPEndPoint.TryParse(literal, out IPEndPoint? point)
            && int.TryParse(literal.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? point
            : throw new UsageException($"{option}: expected {(any is null ? "ADDRESS:PORT" : "PORT or ADDRESS:PORT")}, such as "
            + $"127.0.0.1:8080, found '{text}'");
    }
}
