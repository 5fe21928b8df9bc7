using System.CommandLine;
using LungSeg.Cli.Evaluation;
using LungSeg.Cli.Inputs;
using LungSeg.Cli.Verification;
using LungSeg.Engine;
using LungSeg.Engine.Weights;
using LungSeg.IO;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary>
/// <c>verify GOLDEN…</c> checks the engine against recorded outputs; <c>verify DUMP --weights FILE</c> against the results of a user's
/// PyTorch; <c>verify IMAGE… --precision int8</c> a quantised network's masks against those in float32.
/// </summary>
internal static class VerifyCommand
{
    private static readonly Example[] Examples =
    [
        new("lungseg verify tests/data/golden/pan.safetensors", "check the engine against recorded outputs"),
        new("lungseg verify dump.safetensors --weights pan.safetensors --report report.html", "check against a dump of your own PyTorch"),
        new("lungseg verify radiographs --precision int8", "compare the default network's masks in int8 with those in fp32"),
    ];

    private const string Note = "Without --weights, FILE is a golden file with synthetic weights; the largest allowed error is 1e-4 in "
        + "an output, and 1e-3 of the largest magnitude in a module's result. With --weights, FILE is a dump that "
        + "tools/dump_reference.py or tools/torch_twin.py wrote with your own PyTorch.";

    private const string Int8Note = "With --precision int8, FILE is an X-ray or a folder of them: the masks of the quantised weights are "
        + "compared with those of the fp32 weights that they were made of, image by image; agreement is the Dice coefficient of the two. "
        + "Or it is a dump, whose output is compared. Masks must agree 0.995 in the mean.";

    public static Command Create()
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Golden files, or with --weights one dump of tools/dump_reference.py or tools/torch_twin.py, or with "
                + "--precision int8 X-rays",
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

        var command = new CliCommand(
            "verify", "Check the engine's results against recorded ones, tensor by tensor.", Examples, Note, Int8Note)
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
            using IBackend backend = devices.Open(parsed, parsed.InvocationConfiguration.Error);
            InvocationConfiguration streams = parsed.InvocationConfiguration;
            if (devices.Of(parsed) == Precision.Int8)
            {
                // Integers have no numbers of PyTorch's to be compared with.
                if ((CommonOptions.Given(parsed, taps, atol, rtol, report) ?? choices.Given(parsed)) is { } other)
                    throw new UsageException($"{other.Name} is about numbers: with --precision int8 masks are compared");
                return Agreements(paths, parsed.GetValue(network), weightsFile, backend, parsed.GetValue(json), streams);
            }
            if (weightsFile is null)
            {
                if ((CommonOptions.Given(parsed, network, taps, atol, rtol, report) ?? choices.Given(parsed)) is { } option)
                    throw new UsageException($"{option.Name} applies to a dump of your own PyTorch: give its weights with --weights");
                return Goldens(paths, backend, parsed.GetValue(json), streams);
            }
            if (paths.Length > 1) throw new UsageException($"--weights needs exactly one dump: {paths.Length} files were named");
            var opened = NetworkWeights.Open(parsed.GetValue(network), weightsFile, choices.Options(parsed), choices.Part(parsed));
            if (opened.IsQuantized)
                throw new UsageException($"'{opened.File}' is quantised: --precision int8 compares its masks with those in fp32");
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

    // Images are compared with the weights that the quantised ones were made of, a dump's with what PyTorch recorded.
    private static int Agreements(
        string[] paths, string? network, string? weightsFile, IBackend backend, bool json, InvocationConfiguration streams)
    {
        ILookup<bool, string> recorded = paths.ToLookup(path =>
            File.Exists(path) && path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase));
        List<AgreementResult> results = [];
        int failed = 0, inputs = 0;
        if (recorded[false].Any())
        {
            InputCollection images = InputCollection.Of(recorded[false], Directory.GetCurrentDirectory());
            foreach (string notice in images.Notices) CommandLine.Tell(streams.Error, notice);
            using NetworkSource source = NetworkSource.Load(new LungSegmenterOptions
            {
                Network = network,
                WeightsFile = weightsFile,
                Precision = Precision.Int8,
                Backend = backend,
                CompactHeap = true,
            });
            if (source.FloatWeights is null) throw new UsageException($"there is nothing to compare with: {source.NoFloat}");
            inputs += images.Inputs.Count;
            AgreementResult result = AgreementVerification.OfImages(images.Inputs, source, Failed);
            if (result.Agreement.Images.Count > 0) Add(result);
        }
        var opened = new Lazy<NetworkWeights>(() => NetworkWeights.Open(network, weightsFile, precision: Precision.Int8));
        foreach (string path in recorded[true])
        {
            inputs++;
            try
            {
                // Measured: 0.61 to 0.98. A mask of random weights changes with every rounding.
                if (GoldenFile.IsGolden(path))
                {
                    throw new UsageException($"'{path}' is a golden file, whose weights are random numbers: their masks say nothing about "
                        + "int8. Give X-rays, or a dump of your own PyTorch");
                }
                Add(AgreementVerification.OfDump(path, opened.Value, backend));
            }
            catch (Exception e) when (CommandLine.IsInput(e))
            {
                Failed(e);
            }
        }
        if (json)
        {
            Json.Write(streams.Output, writer =>
            {
                writer.WriteStartArray();
                foreach (AgreementResult result in results) AgreementTable.WriteJson(writer, result);
                writer.WriteEndArray();
            });
        }
        int exit = ExitCode.Of(failed, inputs);
        return exit == ExitCode.Done && results.Any(result => !result.Holds) ? ExitCode.CheckFailed : exit;

        void Add(AgreementResult result)
        {
            results.Add(result);
            if (!json) AgreementTable.Write(streams.Output, result);
        }

        void Failed(Exception e)
        {
            failed++;
            CommandLine.Tell(streams.Error, e);
        }
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
