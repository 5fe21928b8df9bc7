using System.Text.Json;
using LungSeg.Engine;
using Spectre.Console;

namespace LungSeg.Cli.SelfTest;

/// <summary>A self-test in one precision.</summary>
/// <param name="Device">Where it ran.</param>
/// <param name="Precision">In which precision.</param>
/// <param name="Operations">Operations, and tiled convolutions kernel by kernel.</param>
/// <param name="Networks">Whole networks.</param>
/// <param name="Unused">Kernels for this device that nothing has launched.</param>
internal sealed record SelfTestResult(
    string Device, Precision Precision, IReadOnlyList<OperationResult> Operations, IReadOnlyList<NetworkResult> Networks, IReadOnlyList<string> Unused)
{
    public int Failed => Operations.Count(operation => operation.Fault is not null) + Networks.Count(network => !network.Holds);

    public bool Holds => Failed == 0;
}

/// <summary>Self-tests as tables for people and as JSON for programs.</summary>
internal static class SelfTestReport
{
    public static void Write(TextWriter output, SelfTestResult result)
    {
        output.WriteLine($"{result.Device}: operations against the reference; errors as shares of what rounding explains");
        Table operations = Tables.Create("operation", "cases#", "worst error#", "");
        foreach (OperationResult operation in result.Operations)
            Tables.Row(operations, [operation.Name, $"{operation.Cases}", Units.Error(operation.Worst), operation.Fault is null ? "" : "WRONG"], Style(operation.Fault is null));
        Tables.Write(output, operations);
        foreach (OperationResult wrong in result.Operations.Where(operation => operation.Fault is not null)) output.WriteLine($"{wrong.Name}: {wrong.Fault}");

        if (result.Networks.Count > 0)
        {
            Table networks = Tables.Create("network", "input#", "against", "max error#", "mean#", "allowed#", "");
            foreach (NetworkResult network in result.Networks)
            {
                Tables.Row(networks,
                [
                    network.Network, $"{network.Shape}", network.Case, network.Error is { } e ? Units.Error(e.Max) : "", network.Error is { } m ? Units.Error(m.Mean) : "",
                    $"{Units.Error(network.Bounds.Max)}, {Units.Error(network.Bounds.Mean)}", network.Holds ? "" : "WRONG",
                ], Style(network.Holds));
            }
            Tables.Write(output, networks);
            foreach (NetworkResult broken in result.Networks.Where(network => network.Fault is not null)) output.WriteLine($"{broken.Network}: {broken.Fault}");
        }
        if (result.Unused.Count > 0) output.WriteLine($"kernels for this device that were not run: {string.Join(", ", result.Unused)}");
        output.WriteLine(result.Holds
            ? $"{result.Device}: all {result.Operations.Sum(o => o.Cases)} cases of operations and {result.Networks.Count} {(result.Networks.Count == 1 ? "run" : "runs")} of networks hold"
            : $"{result.Device}: {result.Failed} of {result.Operations.Count + result.Networks.Count} checks do not hold");
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
