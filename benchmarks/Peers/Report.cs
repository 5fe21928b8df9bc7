using System.Globalization;
using System.Text.Json;
using LungSeg.IO;

namespace LungSeg.Benchmarks.Peers;

/// <summary>Results as a Markdown table for people and as JSON for programs.</summary>
internal static class Report
{
    public static string Header(int threads, int batch) => $"""

        ### {threads} thread{(threads == 1 ? "" : "s")}, batch {batch}

        | network | input | GMAC | ours, ms (p5-p95) | GFLOP/s | peer, ms (p5-p95) | GFLOP/s | peer / ours |
        |---|---|---:|---:|---:|---:|---:|---:|
        """;

    public static string Row(PeerResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {result.Network} | {result.Batch}x3x{result.Height}x{result.Width} | {result.Macs / 1e9:F2} | {Cells(result, result.Ours)} | "
            + $"{Cells(result, result.Peer)} | {Ratio(result.Ratio)} |");

    /// <summary>The geometric mean of the ratios, as the table's last row.</summary>
    public static string Mean(IReadOnlyCollection<PeerResult> results) =>
        $"| **geometric mean** | | | | | | | **{Ratio(GeometricMean(results))}** |";

    public static void WriteJson(IReadOnlyList<PeerResult> results, string file) => AtomicFile.Write(file, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (PeerResult result in results) Write(json, result);
        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, PeerResult result)
    {
        json.WriteStartObject();
        json.WriteString("network", result.Network);
        json.WriteNumber("threads", result.Threads);
        json.WriteNumber("batch", result.Batch);
        Write(json, "ours_ms", result.Ours?.Median);
        Write(json, "peer_ms", result.Peer.Median);
        Write(json, "ratio", result.Ratio);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number) json.WriteNumber(name, Math.Round(number, 4));
        else json.WriteNull(name);
    }

    private static double? GeometricMean(IReadOnlyCollection<PeerResult> results) =>
        results.Count == 0 || results.Any(result => result.Ratio is null) ? null
        : Math.Exp(results.Average(result => Math.Log(result.Ratio!.Value)));

    private static string Cells(PeerResult result, Timing? timing) => timing is null ? "- | -" : string.Create(
        CultureInfo.InvariantCulture,
        $"{timing.Median:F1} ({timing.Quantile(0.05):F1}-{timing.Quantile(0.95):F1}) | {result.Gflops(timing):F0}");

    private static string Ratio(double? ratio) => ratio is { } value ? value.ToString("F2", CultureInfo.InvariantCulture) : "-";
}
