using System.CommandLine;
using LungSeg.Cli.SelfTest;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>selftest</c>: checks a device's results, operation by operation and network by network.</summary>
internal static class SelfTestCommand
{
    private const string All = "all", None = "none";

    private static readonly Example[] Examples =
    [
        new("lungseg selftest --device cuda", "check a GPU in every precision"),
        new("lungseg selftest --networks pan --cases 50", "check the processor with many operations and one network"),
        new("lungseg selftest --device cuda --precision fp16 --only 'conv_wgmma_*'", "check some kernels only"),
        new("lungseg selftest --only 'int8*'", "check the processor's integers only"),
    ];

    private const string Note = "On the CPU each operation is computed in integers (int8), too, in every way that the processor has; "
        + "results must be the reference's, bit for bit. Their checks are named 'int8 conv2d 1x1' and so on.";

    public static Command Create()
    {
        var devices = new DeviceChoices();
        Option<string> precision = CommonOptions.Choice(
            "--precision", "One precision, or all that the device supports", All, All, "fp32", "tf32", "fp16");
        var networks = new Option<string>("--networks")
        {
            Description = "Networks to run: keys separated by commas, all, or none",
            HelpName = "KEY,KEY|all|none",
            DefaultValueFactory = _ => All,
            CompletionSources = { new[] { All, None }.Concat(CommonOptions.NetworkKeys).ToArray() },
        };
        var goldens = new Option<string?>("--goldens")
        {
            Description = "Folder of golden files; default: tests/data/golden, or golden beside the program; without any, networks are "
                + "compared with the reference backend",
            HelpName = "DIR",
        };
        Option<int> cases = CommonOptions.Whole("--cases", "Number of random cases for each operation", 1, 10_000, 12);
        Option<int> seed = CommonOptions.Whole("--seed", "Seed of the random cases", 0, 1_000_000, 0);
        var only = new Option<string?>("--only")
        {
            Description = "Only checks whose names match this pattern: operations, kernels and networks",
            HelpName = "GLOB",
        };
        Option<int> limit = CommonOptions.Whole("--limit", "Time limit of a check on a GPU, in seconds", 1, 86_400, 120);
        var child = new Option<bool>(SelfTestChildren.Option) { Hidden = true };
        Option<bool> json = CommonOptions.Json();

        var command = new CliCommand(
            "selftest", "Check the results of a device: every operation on random shapes, and whole networks. Run it on a new machine.",
            Examples, Note)
        {
            devices.Device, devices.Threads, precision, networks, goldens, cases, seed, only, limit, child, json,
        };
        command.SetAction(parsed =>
        {
            Architecture[] asked = parsed.GetRequiredValue(networks) switch
            {
                All => [.. Architectures.All],
                None => [],
                string keys => [.. keys.Split(',').Select(Architectures.Get)],
            };
            string? folder = NetworkCheck.FindGoldens(parsed.GetValue(goldens));
            TextWriter output = parsed.InvocationConfiguration.Output, error = parsed.InvocationConfiguration.Error;
            var plan = new SelfTestPlan(asked, folder, parsed.GetValue(cases), parsed.GetValue(seed), parsed.GetValue(only));
            if (parsed.GetValue(child)) return Serve(plan, parsed, devices, parsed.GetRequiredValue(precision));
            List<SelfTestResult> results = [];
            foreach (string one in PrecisionsOf(parsed, devices, parsed.GetRequiredValue(precision), error))
            {
                using IBackend backend = devices.Open(parsed, one, error);
                if (SelfTestRun.Checks(plan, backend).Count == 0)
                {
                    throw new UsageException(
                        $"no check matches '{plan.Only}': expected a pattern such as 'conv2d*', 'int8*', 'conv_mma_*' or 'pan'");
                }
                if (!parsed.GetValue(json) && results.Count == 0)
                {
                    foreach ((string name, string value) in Conditions.Of(backend.Description)) output.WriteLine($"{name,-10}{value}");
                }
                SelfTestResult result = backend is CudaBackend gpu ? OnGpu(gpu, one) : SelfTestRun.Of(plan, backend);
                results.Add(result);
                if (!parsed.GetValue(json)) SelfTestReport.Write(output, result);
            }
            if (parsed.GetValue(json)) WriteJson(output, results);
            return results.All(result => result.Holds) ? ExitCode.Done : ExitCode.CheckFailed;

            SelfTestResult OnGpu(CudaBackend gpu, string one)
            {
                IReadOnlyList<SelfTestCheck> checks = SelfTestRun.Checks(plan, gpu);
                (string device, Precision tested, IReadOnlyList<string> kernels) = (gpu.Description, gpu.Precision, gpu.AllKernels);
                string[] arguments =
                [
                    "selftest", devices.Device.Name, $"cuda:{gpu.Device.Index}", precision.Name, one,
                    networks.Name, parsed.GetRequiredValue(networks), cases.Name, $"{plan.CasesEach}", seed.Name, $"{plan.Seed}",
                    .. folder is null ? Array.Empty<string>() : [goldens.Name, folder],
                ];
                // A GPU may be set to serve one process at a time.
                gpu.Dispose();
                IEnumerable<CheckOutcome> outcomes =
                    SelfTestChildren.Run(checks, arguments, tested, TimeSpan.FromSeconds(parsed.GetValue(limit)));
                return SelfTestRun.Of(plan, device, tested, kernels, outcomes);
            }
        });
        return command;
    }

    // A child process's side.
    private static int Serve(SelfTestPlan plan, ParseResult parsed, DeviceChoices devices, string precision)
    {
        using IBackend backend = devices.Open(parsed, precision, TextWriter.Null);
        SelfTestChildren.Serve(plan, backend, Console.In, parsed.InvocationConfiguration.Output);
        return ExitCode.Done;
    }

    private static IEnumerable<string> PrecisionsOf(ParseResult parsed, DeviceChoices devices, string asked, TextWriter error)
    {
        if (asked != All) return [asked];
        using IBackend backend = devices.Open(parsed, Precision.Float32.Name(), TextWriter.Null);
        return backend is CudaBackend gpu
            ? DeviceChoices.Of(gpu.Device).Select(precision => precision.Name())
            : [Precision.Float32.Name()];
    }

    private static void WriteJson(TextWriter output, IReadOnlyList<SelfTestResult> results) => Json.Write(output, json =>
    {
        json.WriteStartArray();
        foreach (SelfTestResult result in results) SelfTestReport.WriteJson(json, result);
        json.WriteEndArray();
    });
}
