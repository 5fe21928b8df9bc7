using System.IO.Enumeration;
using System.Text.Json;
using LungSeg.Cli.Verification;
using LungSeg.Engine;

namespace LungSeg.Cli.SelfTest;

/// <summary>What a check of a self-test is about.</summary>
internal enum CheckKind
{
    Operation,
    Images,
    Kernel,
    Network,
}

/// <summary>One check of a self-test: an operation, what a device does to images, a kernel of the tiled convolutions, or a network.</summary>
internal sealed record SelfTestCheck(CheckKind Kind, string Name)
{
    /// <summary>Whether a pattern with * and ? stands for its name; any does without a pattern.</summary>
    public bool Matches(string? pattern) => pattern is null || FileSystemName.MatchesSimpleExpression(pattern, Name);

    /// <summary>One line, which <see cref="Parse"/> reads.</summary>
    public override string ToString() => $"{Kind}\t{Name}";

    public static SelfTestCheck Parse(string line)
    {
        int tab = line.IndexOf('\t', StringComparison.Ordinal);
        return new SelfTestCheck(Enum.Parse<CheckKind>(line.AsSpan(0, tab)), line[(tab + 1)..]);
    }
}

/// <summary>What a check came to.</summary>
/// <param name="Operations">Of operations, images and kernels.</param>
/// <param name="Networks">Of networks.</param>
/// <param name="Used">The GPU kernels that have run.</param>
/// <param name="Broken">Whether the device failed, so that this process may not be able to use it any more.</param>
internal sealed record CheckOutcome(IReadOnlyList<OperationResult> Operations, IReadOnlyList<NetworkResult> Networks, IReadOnlyList<string> Used, bool Broken)
{
    /// <summary>The outcome of a check that did not come to an end.</summary>
    public static CheckOutcome Fault(SelfTestCheck check, Precision precision, string fault) => check.Kind == CheckKind.Network
        ? new CheckOutcome([], [new NetworkResult(check.Name, "", default, null, PrecisionBounds.Of(check.Name, precision), fault)], [], true)
        : new CheckOutcome([new OperationResult(check.Name, 0, double.PositiveInfinity, fault)], [], [], true);

    /// <summary>All of it as one line of JSON, from a child process to its parent.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("operations");
        foreach (OperationResult operation in Operations) operation.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("networks");
        foreach (NetworkResult network in Networks) network.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("used");
        foreach (string kernel in Used) json.WriteStringValue(kernel);
        json.WriteEndArray();
        json.WriteBoolean("broken", Broken);
        json.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CheckOutcome Read(JsonElement json, Precision precision) => new(
        [.. json.GetProperty("operations").EnumerateArray().Select(OperationResult.Read)],
        [.. json.GetProperty("networks").EnumerateArray().Select(network => NetworkResult.Read(network, precision))],
        [.. json.GetProperty("used").EnumerateArray().Select(kernel => kernel.GetString()!)],
        json.GetProperty("broken").GetBoolean());
}
