using System.CommandLine;
using LungSeg.Cli.Benchmarking;
using LungSeg.Cli.SelfTest;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Models;

namespace LungSeg.Cli.Commands;

/// <summary><c>selftest</c>: whether this machine's device computes what it should, operation by operation and network by network.</summary>
internal static class SelfTestCommand
{
    private const string All = "all", None = "none";

    public static Command Create()
    {
        var devices = new DeviceChoices();
        Option<string> precision = CommonOptions.Choice("--precision", "One precision, or all that the device has", All, All, "fp32", "tf32", "fp16");
        var networks = new Option<string>("--networks")
        {
            Description = "Networks to run: keys with commas between, all, or none",
            HelpName = "KEY,KEY|all|none",
            DefaultValueFactory = _ => All,
            CompletionSources = { new[] { All, None }.Concat(CommonOptions.NetworkKeys).ToArray() },
        };
        var goldens = new Option<string?>("--goldens")
        {
            Description = "A folder of golden files; else tests/data/golden or golden beside the program, and without any the reference backend",
            HelpName = "DIR",
        };
        Option<int> cases = CommonOptions.Whole("--cases", "Random cases for each operation", 1, 10_000, 12);
        Option<int> seed = CommonOptions.Whole("--seed", "Other cases than the usual ones", 0, 1_000_000, 0);
        Option<bool> json = CommonOptions.Json();

        var command = new Command("selftest", "Check a device's arithmetic: every operation on random shapes, and whole networks. For a new machine.")
        {
            devices.Device, devices.Threads, precision, networks, goldens, cases, seed, json,
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
            var plan = new SelfTestPlan(asked, folder, parsed.GetValue(cases), parsed.GetValue(seed));
            List<SelfTestResult> results = [];
            foreach (string one in PrecisionsOf(parsed, devices, parsed.GetRequiredValue(precision), error))
            {
                using IBackend backend = devices.Open(parsed, one, error);
                if (!parsed.GetValue(json) && results.Count == 0)
                {
                    foreach ((string name, string value) in Conditions.Of(backend.Description)) output.WriteLine($"{name,-10}{value}");
                }
                SelfTestResult result = Run(plan, backend);
                results.Add(result);
                if (!parsed.GetValue(json)) SelfTestReport.Write(output, result);
            }
            if (parsed.GetValue(json)) WriteJson(output, results);
            return results.All(result => result.Holds) ? ExitCode.Done : ExitCode.CheckFailed;
        });
        return command;
    }

    private static IEnumerable<string> PrecisionsOf(ParseResult parsed, DeviceChoices devices, string asked, TextWriter error)
    {
        if (asked != All) return [asked];
        using IBackend backend = devices.Open(parsed, Precision.Float32.Name(), TextWriter.Null);
        return backend is CudaBackend gpu ? DeviceChoices.Of(gpu.Device).Select(precision => precision.Name()) : [Precision.Float32.Name()];
    }

    private static SelfTestResult Run(SelfTestPlan plan, IBackend backend)
    {
        var gpu = backend as CudaBackend;
        Precision precision = backend.Precision;
        Arithmetic arithmetic = backend is CpuBackend ? Arithmetic.Winograd : Arithmetic.Of(precision);
        List<OperationResult> operations = [.. OperationCases.Names.Select(name => OperationCheck.Run(name, plan.Cases(name), backend, arithmetic))];
        if (PictureCheck.Run(backend) is { } pictures) operations.Add(pictures);
        HashSet<string> used = [];
        // Each kernel of the tiled convolutions computes all of its cases, whichever the device would choose.
        foreach (string kernel in gpu?.TiledConvolutions ?? [])
        {
            using var one = new CudaBackend(gpu!.Device.Index, precision, kernel);
            operations.Add(OperationCheck.Run(kernel, OperationCases.TiledNames.SelectMany(plan.Cases), one, arithmetic));
            used.UnionWith(one.UsedKernels);
        }
        NetworkResult[] networks = [.. plan.Networks.SelectMany(network => NetworkCheck.Run(network, plan.Goldens, backend))];
        used.UnionWith(gpu?.UsedKernels ?? []);
        return new SelfTestResult(backend.Description, precision, operations, networks, [.. (gpu?.AllKernels ?? []).Where(kernel => Belongs(kernel, precision)).Except(used).Order(StringComparer.Ordinal)]);
    }

    // Kernels for maps of halves belong to fp16, others to fp32 and, but for its own, to tf32.
    private static bool Belongs(string kernel, Precision precision) => precision == Precision.Float16
        ? kernel.Contains("_f16", StringComparison.Ordinal)
        : !kernel.Contains("_f16", StringComparison.Ordinal) && kernel.Contains("_tf32", StringComparison.Ordinal) == (precision == Precision.TensorFloat32);

    private static void WriteJson(TextWriter output, IReadOnlyList<SelfTestResult> results) => Json.Write(output, json =>
    {
        json.WriteStartArray();
        foreach (SelfTestResult result in results) SelfTestReport.WriteJson(json, result);
        json.WriteEndArray();
    });
}
