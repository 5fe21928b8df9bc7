using System.CommandLine;
using LungSeg.Cli.Benchmarking;
using LungSeg.Cli.Profiling;
using LungSeg.Engine;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>profile KEY</c>: where a network's time goes, step by step.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var key = new Argument<string>("KEY") { HelpName = "KEY", Description = "The network", CompletionSources = { CommonOptions.NetworkKeys } };
        var devices = new DeviceChoices();
        Option<int> batch = CommonOptions.Whole("--batch", "Images in one run", 1, 256, 1);
        Option<int> runs = CommonOptions.Whole("--runs", "Measured runs after the warm-up", 1, 10_000, 20);
        Option<bool> json = CommonOptions.Json();
        var trace = new Option<string?>("--trace") { Description = "Also write the last run for chrome://tracing or ui.perfetto.dev", HelpName = "FILE" };

        var command = new Command("profile", "Show where a network's time goes, kernel by kernel; weights are synthetic where none are there.") { key, batch, runs, json, trace };
        devices.AddTo(command);
        command.SetAction(parsed =>
        {
            Architecture network = Architectures.Get(parsed.GetRequiredValue(key));
            using IBackend backend = devices.Open(parsed, parsed.InvocationConfiguration.Error);
            (string Name, string Value)[] conditions = [.. Conditions.Of(backend.Description)];
            LayerProfile profile = LayerProfile.Run(backend, network, parsed.GetValue(batch), parsed.GetValue(runs));
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
