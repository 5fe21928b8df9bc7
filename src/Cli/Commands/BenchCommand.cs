using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Benchmarking;
using LungSeg.Engine;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>bench [KEY…]</c>: how fast the networks run here.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var keys = new Argument<string[]>("KEY") { HelpName = "KEY", Description = "Networks; all nine if none is given", Arity = ArgumentArity.ZeroOrMore, CompletionSources = { CommonOptions.NetworkKeys } };
        Option<string> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        Option<int> batch = CommonOptions.Whole("--batch", "Pictures in one run", 1, 256, 1);
        Option<int> runs = CommonOptions.Whole("--runs", "Timed runs after the warm-up", 1, 100_000, 30);
        Option<bool> json = CommonOptions.Json();

        var command = new Command("bench", "Time the networks at their own input size; weights are synthetic where none are there.") { keys, device, threads, batch, runs, json };
        command.SetAction(parsed =>
        {
            string[] asked = parsed.GetValue(keys) ?? [];
            Architecture[] networks = asked.Length == 0 ? [.. Architectures.All] : [.. asked.Select(Architectures.Get)];
            using IBackend backend = CommonOptions.Open(parsed.GetRequiredValue(device), parsed.GetValue(threads));
            (string Name, string Value)[] conditions = [.. Conditions.Of(backend.Description)];
            Benchmark[] results = [.. networks.Select(network => Benchmark.Run(backend, network, parsed.GetValue(batch), parsed.GetValue(runs)))];
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) WriteJson(output, conditions, results);
            else Write(output, conditions, results);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(TextWriter output, (string Name, string Value)[] conditions, Benchmark[] results)
    {
        foreach ((string name, string value) in conditions) output.WriteLine($"{name,-10}{value}");
        Table table = Tables.Create(
            "network", "input#", "median ms#", "p5#", "p95#", "first run#", "load#", "GFLOP/s#", "GMAC#", "arena MiB#", "peak MiB#", "runs#", "weights");
        foreach (Benchmark b in results)
        {
            Tables.Row(table,
            [
                b.Network.Key, $"{b.Input}", Units.Fixed(b.Median, 1), Units.Fixed(b.Quantile(0.05), 1), Units.Fixed(b.Quantile(0.95), 1),
                Units.Fixed(b.FirstMilliseconds, 1), Units.Fixed(b.LoadMilliseconds, 0), Units.Fixed(b.GigaFlops, 1), Units.Billions(b.Macs),
                Units.MebiBytes(b.ArenaBytes), b.PeakBytes is { } peak ? Units.MebiBytes(peak) : "unknown", $"{b.Sorted.Length}", b.Weights,
            ]);
        }
        Tables.Write(output, table);
        if (results.Length > 1) output.WriteLine("peak MiB is the process's, with what earlier networks left behind: bench one alone for its own");
    }

    private static void WriteJson(TextWriter output, (string Name, string Value)[] conditions, Benchmark[] results) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("conditions");
        foreach ((string name, string value) in conditions) json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteStartArray("networks");
        foreach (Benchmark result in results) WriteResult(json, result);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteResult(Utf8JsonWriter json, Benchmark b)
    {
        json.WriteStartObject();
        json.WriteString("key", b.Network.Key);
        json.WriteNumber("batch", b.Input.N);
        json.WriteNumber("size", b.Input.H);
        json.WriteString("weights", b.Weights);
        json.WriteNumber("runs", b.Sorted.Length);
        json.WriteNumber("median_ms", b.Median);
        json.WriteNumber("p5_ms", b.Quantile(0.05));
        json.WriteNumber("p95_ms", b.Quantile(0.95));
        json.WriteNumber("first_ms", b.FirstMilliseconds);
        json.WriteNumber("load_ms", b.LoadMilliseconds);
        json.WriteNumber("gflops", b.GigaFlops);
        json.WriteNumber("macs", b.Macs);
        json.WriteNumber("arena_bytes", b.ArenaBytes);
        if (b.PeakBytes is { } peak) json.WriteNumber("peak_bytes", peak);
        json.WriteEndObject();
    }
}
