using System.Text.Json;
using LungSeg.Engine;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;
using Spectre.Console;
using Padding = LungSeg.Engine.Ops.Padding;

namespace LungSeg.Cli.Information;

/// <summary>A graph's operations in execution order, before anything is fused.</summary>
internal static class LayerTable
{
    public static void Write(TextWriter output, Graph graph)
    {
        Table table = Tables.Create("path", "operation", "output#", "settings", "parameters#", "MAC, M#");
        foreach (Tensor node in graph.Nodes)
        {
            Tables.Row(table,
            [
                node.Path, node.Op.Name, Units.Dims(node.Shape), Settings(node.Op), Parameters(node.Op) is > 0 and long count ? $"{count}" : "",
                node.Macs > 0 ? Units.Fixed(node.Macs / 1e6, 3) : "",
            ]);
        }
        Tables.Write(output, table);
    }

    public static void WriteJson(Utf8JsonWriter json, Graph graph)
    {
        json.WriteStartArray("layers");
        foreach (Tensor node in graph.Nodes)
        {
            json.WriteStartObject();
            json.WriteString("path", node.Path);
            json.WriteString("op", node.Op.Name);
            json.WriteStartArray("shape");
            foreach (int dim in (ReadOnlySpan<int>)[node.Shape.N, node.Shape.C, node.Shape.H, node.Shape.W]) json.WriteNumberValue(dim);
            json.WriteEndArray();
            json.WriteString("settings", Settings(node.Op));
            json.WriteNumber("parameters", Parameters(node.Op));
            json.WriteNumber("macs", node.Macs);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static long Parameters(Op op) => op.Parameters.Where(parameter => !IsStatistic(parameter)).Sum(parameter => parameter.Count);

    private static bool IsStatistic(Parameter parameter) => parameter.Key.Contains(".running_", StringComparison.Ordinal);

    private static string Settings(Op op) => op switch
    {
        Conv2dOp conv => $"{conv.R} x {conv.S}, stride {conv.Stride}{Padded(conv.Padding)}{If(conv.Dilation > 1, $", dilation {conv.Dilation}")}{If(conv.Groups > 1, $", groups {conv.Groups}")}",
        ConvTranspose2dOp conv => $"{conv.Weight.Dims[2]} x {conv.Weight.Dims[3]}, stride {conv.Stride}, padding {conv.Padding}",
        MaxPool2dOp pool => $"{pool.KernelSize} x {pool.KernelSize}, stride {pool.Stride}, padding {pool.Padding}{If(pool.CeilMode, ", ceil mode")}",
        AdaptiveAvgPool2dOp pool => $"to {pool.OutputSize} x {pool.OutputSize}",
        UpsampleNearestOp upsample => $"x {upsample.Scale}",
        UpsampleBilinearOp upsample => $"{(upsample.Scale > 0 ? $"x {upsample.Scale}" : "to a size")}{If(upsample.AlignCorners, ", align corners")}",
        GroupNormOp norm => $"groups {norm.Groups}",
        _ => "",
    };

    private static string Padded(Padding p) => (p.Left, p.Top, p.Right, p.Bottom) switch
    {
        (0, 0, 0, 0) => "",
        var (left, top, right, bottom) when left == top && top == right && right == bottom => $", padding {left}",
        _ => $", padding {p.Left} {p.Top} {p.Right} {p.Bottom} (left, top, right, bottom)",
    };

    private static string If(bool condition, string text) => condition ? text : "";
}
