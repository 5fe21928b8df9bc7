using System.IO.Enumeration;
using System.Text.Json;
using LungSeg.Cli.Verification;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Models;
using Spectre.Console;

namespace LungSeg.Cli.SelfTest;

/// <summary>What a self-test runs.</summary>
/// <param name="Networks">Whole networks.</param>
/// <param name="Goldens">The folder of golden files; null for none.</param>
/// <param name="CasesEach">Number of random cases for each operation.</param>
/// <param name="Seed">Seed of the random cases.</param>
/// <param name="Only">A pattern for the names of the checks to run; null for all.</param>
internal sealed record SelfTestPlan(IReadOnlyList<Architecture> Networks, string? Goldens, int CasesEach, int Seed, string? Only = null)
{
    public IEnumerable<OperationCase> Cases(string operation) =>
        Enumerable.Range(0, CasesEach).Select(i => OperationCases.Make(operation, (Seed * CasesEach) + i));
}

/// <summary>
/// One self-test of a backend: operations, images, on the CPU each operation in integers, on a GPU each kernel of the tiled convolutions,
/// and whole networks.
/// </summary>
internal static class SelfTestRun
{
    public const string Int8 = "int8 ";

    /// <summary>All checks of a backend, in the order in which they run.</summary>
    public static IReadOnlyList<SelfTestCheck> Checks(SelfTestPlan plan, IBackend backend) =>
    [
        .. ((IEnumerable<SelfTestCheck>)
        [
            .. OperationCases.Names.Select(name => new SelfTestCheck(CheckKind.Operation, name)),
            new SelfTestCheck(CheckKind.Images, ImageCheck.Name),
            .. backend is CpuBackend ? OperationCases.Names.Select(name => new SelfTestCheck(CheckKind.Integers, $"{Int8}{name}")) : [],
            // Each kernel of the tiled convolutions computes all of its cases, not only those for which the device would choose it.
            .. ((backend as CudaBackend)?.TiledConvolutions ?? []).Select(kernel => new SelfTestCheck(CheckKind.Kernel, kernel)),
            .. plan.Networks.Select(network => new SelfTestCheck(CheckKind.Network, network.Key)),
        ]).Where(check => check.Matches(plan.Only)),
    ];

    /// <summary>Runs one check.</summary>
    public static CheckOutcome Run(SelfTestPlan plan, SelfTestCheck check, IBackend backend)
    {
        Arithmetic arithmetic = backend is CpuBackend ? Arithmetic.Winograd : Arithmetic.Of(backend.Precision);
        IReadOnlyList<string> used = [];
        OperationResult[] operations = [];
        NetworkResult[] networks = [];
        switch (check.Kind)
        {
            case CheckKind.Operation:
                operations = [OperationCheck.Run(check.Name, plan.Cases(check.Name), backend, arithmetic)];
                break;
            case CheckKind.Images:
                if (ImageCheck.Run(backend) is { } images) operations = [images];
                break;
            case CheckKind.Integers:
                operations = [IntegerCheck.Run(check.Name, plan.Cases(check.Name[Int8.Length..]), (CpuBackend)backend)];
                break;
            case CheckKind.Kernel:
                using (CudaBackend one = ((CudaBackend)backend).With(check.Name))
                {
                    operations = [OperationCheck.Run(check.Name, OperationCases.TiledNames.SelectMany(plan.Cases), one, arithmetic)];
                    used = one.UsedKernels;
                }
                break;
            default:
                networks = [.. NetworkCheck.Run(Architectures.Get(check.Name), plan.Goldens, backend)];
                break;
        }
        bool broken = operations.Any(operation => operation.Broken) || networks.Any(network => network.Fault is not null);
        return new CheckOutcome(operations, networks, [.. used, .. (backend as CudaBackend)?.UsedKernels ?? []], broken);
    }

    /// <summary>Runs all checks in this process.</summary>
    public static SelfTestResult Of(SelfTestPlan plan, IBackend backend)
    {
        IReadOnlyList<string> kernels = (backend as CudaBackend)?.AllKernels ?? [];
        return Of(plan, backend.Description, backend.Precision, kernels, Checks(plan, backend).Select(check => Run(plan, check, backend)));
    }

    /// <summary>The result of the checks of a device with these kernels.</summary>
    public static SelfTestResult Of(
        SelfTestPlan plan, string device, Precision precision, IReadOnlyList<string> kernels, IEnumerable<CheckOutcome> outcomes)
    {
        CheckOutcome[] all = [.. outcomes];
        IEnumerable<string> used = all.SelectMany(outcome => outcome.Used);
        // A selection of checks shows nothing about the kernels that the others run.
        string[] unused = plan.Only is not null
            ? []
            : [.. kernels.Where(kernel => Belongs(kernel, precision)).Except(used).Order(StringComparer.Ordinal)];
        return new SelfTestResult(
            device, precision, [.. all.SelectMany(outcome => outcome.Operations)], [.. all.SelectMany(outcome => outcome.Networks)],
            unused);
    }

    /// <summary>
    /// Whether a kernel must run in the self-test of a precision: kernels for half-precision maps in fp16, with tf32 products in tf32, all
    /// others in fp32.
    /// </summary>
    public static bool Belongs(string kernel, Precision precision)
    {
        if (kernel.Contains("_f16", StringComparison.Ordinal)) return precision == Precision.Float16;
        return precision == (kernel.Contains("_tf32", StringComparison.Ordinal) ? Precision.TensorFloat32 : Precision.Float32);
    }
}

/// <summary>What a check of a self-test is about.</summary>
internal enum CheckKind
{
    Operation,
    Images,
    Integers,
    Kernel,
    Network,
}

/// <summary>
/// One check of a self-test: an operation, the preparation of images, an operation in integers, a kernel of the tiled convolutions, or a
/// network.
/// </summary>
internal sealed record SelfTestCheck(CheckKind Kind, string Name)
{
    /// <summary>Whether its name matches a pattern with * and ?; true without a pattern.</summary>
    public bool Matches(string? pattern) => pattern is null || FileSystemName.MatchesSimpleExpression(pattern, Name);

    /// <summary>One line, which <see cref="Parse"/> reads.</summary>
    public override string ToString() => $"{Kind}\t{Name}";

    public static SelfTestCheck Parse(string line)
    {
        int tab = line.IndexOf('\t', StringComparison.Ordinal);
        return new SelfTestCheck(Enum.Parse<CheckKind>(line.AsSpan(0, tab)), line[(tab + 1)..]);
    }
}

/// <summary>The result of a check.</summary>
/// <param name="Operations">For operations, images and kernels.</param>
/// <param name="Networks">For networks.</param>
/// <param name="Used">The GPU kernels that were run.</param>
/// <param name="Broken">Whether the device failed, so that this process may no longer be able to use it.</param>
internal sealed record CheckOutcome(
    IReadOnlyList<OperationResult> Operations, IReadOnlyList<NetworkResult> Networks, IReadOnlyList<string> Used, bool Broken)
{
    /// <summary>The outcome of a check that did not end.</summary>
    public static CheckOutcome Fault(SelfTestCheck check, Precision precision, string fault) => check.Kind == CheckKind.Network
        ? new CheckOutcome(
            [], [new NetworkResult(check.Name, "", default, null, PrecisionBounds.Of(check.Name, precision), fault)], [], true)
        : new CheckOutcome([new OperationResult(check.Name, 0, double.PositiveInfinity, fault)], [], [], true);

    /// <summary>Writes the outcome as JSON, for a child process to send to its parent.</summary>
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

/// <summary>A self-test in one precision.</summary>
/// <param name="Device">The device.</param>
/// <param name="Precision">Its precision.</param>
/// <param name="Operations">Operations, and tiled convolutions kernel by kernel.</param>
/// <param name="Networks">Whole networks.</param>
/// <param name="Unused">Kernels for this device that were not launched.</param>
internal sealed record SelfTestResult(
    string Device,
    Precision Precision,
    IReadOnlyList<OperationResult> Operations,
    IReadOnlyList<NetworkResult> Networks,
    IReadOnlyList<string> Unused)
{
    public int Failed => Operations.Count(operation => operation.Fault is not null) + Networks.Count(network => !network.Holds);

    public bool Holds => Failed == 0;
}

/// <summary>Self-tests as tables for people and as JSON for programs.</summary>
internal static class SelfTestReport
{
    public static void Write(TextWriter output, SelfTestResult result)
    {
        output.WriteLine($"{result.Device}: operations compared with the reference; errors as shares of what rounding can explain");
        Table operations = Tables.Create("operation", "cases#", "worst error#", "");
        foreach (OperationResult operation in result.Operations)
        {
            bool holds = operation.Fault is null;
            string[] cells = [operation.Name, $"{operation.Cases}", Units.Error(operation.Worst), holds ? "" : "WRONG"];
            Tables.Row(operations, cells, Style(holds));
        }
        Tables.Write(output, operations);
        if (result.Operations.Any(operation => operation.Name.StartsWith(SelfTestRun.Int8, StringComparison.Ordinal)))
        {
            string paths = string.Join(", ", IntegerPaths.Of(InstructionSets.Best).Select(path => path.Name()));
            output.WriteLine($"int8: each case on each way to compute it here, bit for bit: {paths}");
        }
        foreach (OperationResult wrong in result.Operations.Where(operation => operation.Fault is not null))
            output.WriteLine($"{wrong.Name}: {wrong.Fault}");

        if (result.Networks.Count > 0)
        {
            Table networks = Tables.Create("network", "input#", "against", "max error#", "mean#", "allowed#", "");
            foreach (NetworkResult network in result.Networks)
            {
                Tables.Row(networks,
                [
                    network.Network, $"{network.Shape}", network.Case,
                    network.Error is { } e ? Units.Error(e.Max) : "", network.Error is { } m ? Units.Error(m.Mean) : "",
                    $"{Units.Error(network.Bounds.Max)}, {Units.Error(network.Bounds.Mean)}", network.Holds ? "" : "WRONG",
                ], Style(network.Holds));
            }
            Tables.Write(output, networks);
            foreach (NetworkResult broken in result.Networks.Where(network => network.Fault is not null))
                output.WriteLine($"{broken.Network}: {broken.Fault}");
        }
        if (result.Unused.Count > 0) output.WriteLine($"kernels for this device that were not run: {string.Join(", ", result.Unused)}");
        string runs = $"{result.Networks.Count} {(result.Networks.Count == 1 ? "run" : "runs")} of networks";
        output.WriteLine(result.Holds
            ? $"{result.Device}: all {result.Operations.Sum(o => o.Cases)} cases of operations and {runs} pass"
            : $"{result.Device}: {result.Failed} of {result.Operations.Count + result.Networks.Count} checks fail");
        output.WriteLine();
    }

    public static void WriteJson(Utf8JsonWriter json, SelfTestResult result)
    {
        json.WriteStartObject();
        json.WriteString("device", result.Device);
        json.WriteString("precision", result.Precision.Name());
        json.WriteBoolean("holds", result.Holds);
        json.WriteStartArray("operations");
        foreach (OperationResult operation in result.Operations) operation.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("networks");
        foreach (NetworkResult network in result.Networks) network.Write(json);
        json.WriteEndArray();
        json.WriteStartArray("kernels_not_run");
        foreach (string kernel in result.Unused) json.WriteStringValue(kernel);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string? Style(bool holds) => holds ? null : "red";
}
