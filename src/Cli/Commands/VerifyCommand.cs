using System.CommandLine;
using LungSeg.Cli.Verification;
using LungSeg.Engine;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary>
/// <c>verify GOLDEN…</c> checks the engine against recorded outputs; <c>verify DUMP --weights FILE</c> against the results of a user's
/// PyTorch.
/// </summary>
internal static class VerifyCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg verify tests/data/golden/pan.safetensors", "check the engine against recorded outputs"),
        new("lungseg verify dump.safetensors --weights pan.safetensors --report report.html", "check against a dump of your own PyTorch"),
    ];

    private const string Note = "Without --weights, FILE is a golden file with synthetic weights; the largest allowed error is 1e-4 in "
        + "an output, and 1e-3 of the largest magnitude in a module's result. With --weights, FILE is a dump that "
        + "tools/dump_reference.py or tools/torch_twin.py wrote with your own PyTorch.";

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Golden files, or with --weights one dump of tools/dump_reference.py or tools/torch_twin.py",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> weights = CommonOptions.Weights("Weights with which the dump was computed");
        Option<string?> network = CommonOptions.Network();
        var taps = new Option<string>("--taps")
        {
            Description = "Modules to compare: all, or a pattern such as 'decoder.*'",
            HelpName = "all|PATTERN",
            DefaultValueFactory = _ => "all",
        };
        Option<double?> atol = CommonOptions.Number("--atol", "Allowed absolute error; replaces the built-in bounds", 0, double.MaxValue);
        Option<double?> rtol = CommonOptions.Number(
            "--rtol", "Allowed error relative to a tensor's largest magnitude; replaces the built-in bounds", 0, double.MaxValue);
        var devices = new DeviceChoices();
        Option<bool> json = CommonOptions.Json();
        var report = new Option<string?>("--report")
        {
            Description = "Write an HTML report with an error map of the output",
            HelpName = "FILE.html",
        };

        var command = new CliCommand("verify", "Check the engine's results against recorded ones, tensor by tensor.", Examples, Note)
        {
            files, weights, network, taps, atol, rtol, json, report,
        };
        devices.AddTo(command);
        var choices = new NetworkChoices();
        choices.AddTo(command);
        command.SetAction(parsed =>
        {
            string[] paths = parsed.GetRequiredValue(files);
            string? weightsFile = parsed.GetValue(weights);
            if (devices.Of(parsed) == Precision.Int8)
            {
                throw new UsageException("verify compares numbers with PyTorch's, of which int8 has none: "
                    + "evaluate --precision int8 compares masks, image by image");
            }
            using IBackend backend = devices.Open(parsed, parsed.InvocationConfiguration.Error);
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            if (weightsFile is null)
            {
                if ((CommonOptions.Given(parsed, network, taps, atol, rtol, report) ?? choices.Given(parsed)) is { } option)
                    throw new UsageException($"{option.Name} applies to a dump of your own PyTorch: give its weights with --weights");
                return Goldens(paths, backend, parsed.GetValue(json), streams);
            }
            if (paths.Length > 1) throw new UsageException($"--weights needs exactly one dump: {paths.Length} files were named");
            var opened = NetworkWeights.Open(parsed.GetValue(network), weightsFile, choices.Options(parsed), choices.Part(parsed));
            var tolerance = new Tolerance(parsed.GetValue(atol), parsed.GetValue(rtol));
            (VerificationResult result, float[] expected, Tap output) =
                ReferenceVerification.Run(paths[0], opened, backend, parsed.GetRequiredValue(taps), tolerance);
            Write(streams.Output, [result], parsed.GetValue(json));
            if (parsed.GetValue(report) is { } html) AtomicFile.Write(html, HtmlReport.Render(result, opened.File, expected, output));
            return result.Holds ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static int Goldens(string[] paths, IBackend backend, bool json, InvocationConfiguration streams)
    {
        var results = new List<VerificationResult>();
        foreach (string path in paths)
        {
            try
            {
                VerificationResult result = GoldenVerification.Run(path, backend);
                results.Add(result);
                if (!json) VerificationTable.Write(streams.Output, result);
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                CommandLine.Tell(streams.Error, e);
            }
        }
        if (json) Write(streams.Output, results, true);
        int unreadable = ExitCode.Of(paths.Length - results.Count, paths.Length);
        return unreadable == ExitCode.Done && results.Any(result => !result.Holds) ? ExitCode.CheckFailed : unreadable;
    }

    private static void Write(TextWriter output, IReadOnlyList<VerificationResult> results, bool json)
    {
        if (!json)
        {
            foreach (VerificationResult result in results) VerificationTable.Write(output, result);
            return;
        }
        Json.Write(output, writer =>
        {
            writer.WriteStartArray();
            foreach (VerificationResult result in results) VerificationTable.WriteJson(writer, result);
            writer.WriteEndArray();
        });
    }
}
