using System.CommandLine;
using System.Text.Json;
using LungSeg.Cli.Benchmarking;
using LungSeg.Engine;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>profile KEY</c>: the time of each step of a network.</summary>
internal static class ProfileCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg profile pan", "show the time of each kernel"),
        new("lungseg profile unet --threads 2 --trace unet.json", "also write each thread's timeline, for ui.perfetto.dev"),
    ];

    public static Command Create()
    {
        var key = new Argument<string>("KEY")
        {
            HelpName = "KEY",
            Description = "The network",
            CompletionSources = { CommonOptions.NetworkKeys },
        };
        var devices = new DeviceChoices();
        Option<int> batch = CommonOptions.Whole("--batch", "Batch size", 1, 256, 1);
        Option<int> runs = CommonOptions.Whole("--runs", "Number of timed runs after the warm-up", 1, 10_000, 20);
        Option<bool> json = CommonOptions.Json();
        var trace = new Option<string?>("--trace")
        {
            Description = "Also write a trace of the last run for chrome://tracing or ui.perfetto.dev",
            HelpName = "FILE",
        };

        var command = new CliCommand(
            "profile", "Show the time of each kernel of a network, with synthetic weights where there are no others.", Examples)
        {
            key, batch, runs, json, trace,
        };
        devices.AddTo(command);
        command.SetAction(parsed =>
        {
            Architecture network = Architectures.Get(parsed.GetRequiredValue(key));
            using IBackend backend = devices.Open(parsed, parsed.InvocationConfiguration.Error);
            (string Name, string Value)[] conditions = [.. Conditions.Of(backend.Description)];
            LayerProfile profile = LayerProfile.Run(
                backend, network, devices.Of(parsed), parsed.GetValue(batch), parsed.GetValue(runs));
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json))
            {
                Json.Write(output, writer => ProfileTable.WriteJson(writer, profile));
            }
            else
            {
                foreach ((string name, string value) in conditions) output.WriteLine($"{name,-10}{value}");
                ProfileTable.Write(output, profile);
            }
            if (parsed.GetValue(trace) is { } file)
            {
                using var text = new StringWriter();
                Json.Write(text, writer => ChromeTrace.Write(writer, profile));
                AtomicFile.Write(file, text.ToString());
            }
            return ExitCode.Done;
        });
        return command;
    }
}

/// <summary>A run in the Trace Event Format of chrome://tracing and ui.perfetto.dev: a row for each worker, a bar for each step.</summary>
internal static class ChromeTrace
{
    public static void Write(Utf8JsonWriter json, LayerProfile profile)
    {
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        Name(json, "process_name", 0, $"{profile.Network.Key} {profile.Input}");
        foreach (int worker in profile.LastRun.Select(span => span.Worker).Distinct())
            Name(json, "thread_name", worker, $"worker {worker}");
        foreach (StepSpan span in profile.LastRun.Where(span => span.End > span.Begin))
        {
            PlanStep step = profile.Steps[span.Step].Step;
            json.WriteStartObject();
            json.WriteString("name", step.Path);
            json.WriteString("cat", step.Kernel);
            json.WriteString("ph", "X");
            json.WriteNumber("ts", span.Begin.TotalMicroseconds);
            json.WriteNumber("dur", (span.End - span.Begin).TotalMicroseconds);
            json.WriteNumber("pid", 0);
            json.WriteNumber("tid", span.Worker);
            json.WriteStartObject("args");
            json.WriteString("kernel", step.Kernel);
            json.WriteString("output", $"{step.Output}");
            json.WriteNumber("macs", step.Macs);
            json.WriteNumber("bytes", step.Bytes);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter json, string what, int worker, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", what);
        json.WriteString("ph", "M");
        json.WriteNumber("pid", 0);
        json.WriteNumber("tid", worker);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
