using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Benchmarking;
using LungSeg.Cli.Runs;
using LungSeg.Engine;
using LungSeg.Imaging.Evaluation;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.Commands;

/// <summary><c>bench [KEY…]</c>: how fast the networks run here.</summary>
internal static class BenchCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg bench pan", "time one network on this machine"),
        new("lungseg bench --threads 1 --json", "time all nine on one thread, with output for programs"),
        new("lungseg bench deeplabv3plus --explain", "also show the kernel of each layer and its time"),
        new("lungseg bench unet --device cuda --precision fp16 --batch 1,8,32", "time a GPU, by its own clock too"),
    ];

    public static Command Create()
    {
        var keys = new Argument<string[]>("KEY")
        {
            HelpName = "KEY",
            Description = "Networks; default: all nine",
            Arity = ArgumentArity.ZeroOrMore,
            CompletionSources = { CommonOptions.NetworkKeys },
        };
        var devices = new DeviceChoices();
        Option<IReadOnlyList<int>?> batch = CommonOptions.Wholes(
            "--batch", "Batch size, or several, each in its own row; default: 1", 1, 256);
        Option<int> runs = CommonOptions.Whole("--runs", "Number of timed runs after the warm-up", 1, 100_000, 30);
        Option<bool> json = CommonOptions.Json();
        var explain = new Option<bool>("--explain")
        {
            Description = "Also show the kernel of each layer, its time, and the share of the device's peak",
        };

        var command = new CliCommand(
            "bench", "Time networks at their own input size, with synthetic weights where there are no others.", Examples)
        {
            keys, batch, runs, json, explain,
        };
        devices.AddTo(command);
        Option<long> memory = MemoryCeiling.Option();
        command.Add(memory);
        command.SetAction(parsed =>
        {
            string[] asked = parsed.GetValue(keys) ?? [];
            Architecture[] networks = asked.Length == 0 ? [.. Architectures.All] : [.. asked.Select(Architectures.Get)];
            using IBackend backend = devices.Open(parsed, parsed.InvocationConfiguration.Error);
            (string Name, string Value)[] conditions = [.. Conditions.Of(backend.Description)];
            Benchmark[] results =
            [
                .. from network in networks
                   from images in parsed.GetValue(batch) ?? [1]
                   select Benchmark.Run(
                       backend, network, devices.Of(parsed), images, parsed.GetValue(runs), parsed.GetValue(memory)),
            ];
            LayerProfile[] profiles = parsed.GetValue(explain)
                ? [.. results.Select(result => LayerProfile.Run(
                    backend, result.Network, devices.Of(parsed), result.Input.N, parsed.GetValue(runs)))]
                : [];
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                Json.Write(output, writer => WriteJson(writer, conditions, results, profiles));
            }
            else
            {
                Write(output, conditions, results);
                foreach (LayerProfile profile in profiles) ProfileTable.Write(output, profile);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(TextWriter output, (string Name, string Value)[] conditions, Benchmark[] results)
    {
        foreach ((string name, string value) in conditions) output.WriteLine($"{name,-10}{value}");
        Table table = Tables.Create(
            "network", "input#", "median ms#", "p5#", "p95#", "first run#", "load#", "GFLOP/s#", "GMAC#", "arena MiB#", "peak MiB#",
            "runs#", "weights");
        foreach (Benchmark b in results)
        {
            Tables.Row(table,
            [
                b.Network.Key, $"{b.Input}", Units.Fixed(b.Median, 1), Units.Fixed(b.TimeAt(0.05), 1), Units.Fixed(b.TimeAt(0.95), 1),
                Units.Fixed(b.FirstMilliseconds, 1), Units.Fixed(b.LoadMilliseconds, 0), Units.Fixed(b.GigaFlops, 1),
                Units.Billions(b.Macs), Units.MebiBytes(b.ArenaBytes), b.PeakBytes is { } peak ? Units.MebiBytes(peak) : "unknown",
                $"{b.Sorted.Length}", b.Weights,
            ]);
        }
        Tables.Write(output, table);
        WriteDeviceTimes(output, results);
        if (results.Length > 1)
            output.WriteLine("peak MiB is that of the process, earlier networks included: for one network's peak, time it alone");
    }

    private static void WriteDeviceTimes(TextWriter output, Benchmark[] results)
    {
        if (!results.Any(b => b.Device is not null)) return;
        output.WriteLine("by the device's own clock, ms: median (p5, p95)");
        Table table = Tables.Create("network", "input#", "host to device#", "kernels#", "device to host#", "total#", "images/s#");
        foreach (Benchmark b in results)
        {
            if (b.Device is not { } times) continue;
            Tables.Row(table,
            [
                b.Network.Key, $"{b.Input}", Spread(times.HostToDevice), Spread(times.Kernels), Spread(times.DeviceToHost),
                Spread(times.Total), Units.Fixed(b.ImagesPerSecond, 1),
            ]);
        }
        Tables.Write(output, table);
    }

    private static string Spread(double[] sorted) => $"{At(sorted, 0.5)} ({At(sorted, 0.05)}, {At(sorted, 0.95)})";

    private static string At(double[] sorted, double share) => Units.Fixed(Quantile.OfSorted(sorted, share), 3);

    private static void WriteJson(
        Utf8JsonWriter json, (string Name, string Value)[] conditions, Benchmark[] results, LayerProfile[] profiles)
    {
        json.WriteStartObject();
        json.WriteStartObject("conditions");
        foreach ((string name, string value) in conditions) json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteStartArray("networks");
        foreach (Benchmark result in results) WriteResult(json, result);
        json.WriteEndArray();
        if (profiles.Length > 0)
        {
            json.WriteStartArray("profiles");
            foreach (LayerProfile profile in profiles) ProfileTable.WriteJson(json, profile);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, Benchmark b)
    {
        json.WriteStartObject();
        json.WriteString("key", b.Network.Key);
        json.WriteNumber("batch", b.Input.N);
        json.WriteNumber("size", b.Input.H);
        json.WriteString("weights", b.Weights);
        json.WriteNumber("runs", b.Sorted.Length);
        json.WriteNumber("median_ms", b.Median);
        json.WriteNumber("p5_ms", b.TimeAt(0.05));
        json.WriteNumber("p95_ms", b.TimeAt(0.95));
        json.WriteNumber("first_ms", b.FirstMilliseconds);
        json.WriteNumber("load_ms", b.LoadMilliseconds);
        json.WriteNumber("gflops", b.GigaFlops);
        json.WriteNumber("macs", b.Macs);
        json.WriteNumber("arena_bytes", b.ArenaBytes);
        json.WriteNumber("images_per_s", b.ImagesPerSecond);
        if (b.Device is { } times)
        {
            WriteQuantiles(json, "host_to_device", times.HostToDevice);
            WriteQuantiles(json, "kernels", times.Kernels);
            WriteQuantiles(json, "device_to_host", times.DeviceToHost);
            WriteQuantiles(json, "device_total", times.Total);
        }
        if (b.PeakBytes is { } peak) json.WriteNumber("peak_bytes", peak);
        json.WriteEndObject();
    }

    private static void WriteQuantiles(Utf8JsonWriter json, string name, double[] sorted)
    {
        json.WriteNumber($"{name}_median_ms", Quantile.OfSorted(sorted, 0.5));
        json.WriteNumber($"{name}_p5_ms", Quantile.OfSorted(sorted, 0.05));
        json.WriteNumber($"{name}_p95_ms", Quantile.OfSorted(sorted, 0.95));
    }
}
