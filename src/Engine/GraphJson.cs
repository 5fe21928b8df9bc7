using System.Text.Json;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine;

/// <summary>
/// A graph as JSON for other programs: nodes in execution order with operation, module path, inputs by id, shape, multiply-
/// accumulates, attributes and the keys of the weights; the outputs; and the taps. Weights' values are not in it.
/// </summary>
internal static class GraphJson
{
    /// <summary>Writes the graph to a stream, indented.</summary>
    public static void Write(Graph graph, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(stream);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        Write(graph, json);
    }

    /// <summary>Writes the graph as one JSON object.</summary>
    public static void Write(Graph graph, Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(json);
        Dictionary<Tensor, int> ids = graph.Nodes.Select((node, id) => (node, id)).ToDictionary(pair => pair.node, pair => pair.id);
        json.WriteStartObject();
        WriteShape(json, "input", graph.Input.Shape);
        json.WriteStartArray("nodes");
        foreach (Tensor node in graph.Nodes) WriteNode(json, node, ids);
        json.WriteEndArray();
        WriteNumbers(json, "outputs", graph.Outputs.Select(output => ids[output]));
        json.WriteStartObject("taps");
        foreach ((string path, Tensor tensor) in graph.Taps) json.WriteNumber(path, ids[tensor]);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, Tensor node, Dictionary<Tensor, int> ids)
    {
        json.WriteStartObject();
        json.WriteNumber("id", ids[node]);
        json.WriteString("op", node.Op.Name);
        json.WriteString("path", node.Path);
        WriteNumbers(json, "inputs", node.Inputs.Select(input => ids[input]));
        WriteShape(json, "shape", node.Shape);
        json.WriteNumber("macs", node.Macs);
        json.WriteStartObject("attributes");
        WriteAttributes(json, node.Op);
        json.WriteEndObject();
        json.WriteStartObject("weights");
        foreach ((string role, Parameter parameter) in Weights(node.Op))
        {
            json.WriteStartObject(role);
            json.WriteString("key", parameter.Key);
            WriteNumbers(json, "shape", parameter.Dims);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteAttributes(Utf8JsonWriter json, Op op)
    {
        switch (op)
        {
            case Conv2dOp conv:
                json.WriteNumber("stride", conv.Stride);
                json.WriteStartObject("padding");
                json.WriteNumber("left", conv.Padding.Left);
                json.WriteNumber("top", conv.Padding.Top);
                json.WriteNumber("right", conv.Padding.Right);
                json.WriteNumber("bottom", conv.Padding.Bottom);
                json.WriteEndObject();
                json.WriteNumber("dilation", conv.Dilation);
                json.WriteNumber("groups", conv.Groups);
                json.WriteBoolean("residual", conv.Residual);
                break;
            case ConvTranspose2dOp conv:
                json.WriteNumber("stride", conv.Stride);
                json.WriteNumber("padding", conv.Padding);
                break;
            case BatchNormOp norm:
                json.WriteNumber("eps", norm.Eps);
                break;
            case GroupNormOp norm:
                json.WriteNumber("groups", norm.Groups);
                json.WriteNumber("eps", norm.Eps);
                break;
            case ChannelNormOp norm:
                json.WriteNumber("eps", norm.Eps);
                break;
            case MaxPool2dOp pool:
                json.WriteNumber("kernel_size", pool.KernelSize);
                json.WriteNumber("stride", pool.Stride);
                json.WriteNumber("padding", pool.Padding);
                json.WriteBoolean("ceil_mode", pool.CeilMode);
                break;
            case AvgPool2dOp pool:
                json.WriteNumber("kernel_size", pool.Window.KernelSize);
                json.WriteNumber("stride", pool.Window.Stride);
                json.WriteNumber("padding", pool.Window.Padding);
                json.WriteBoolean("ceil_mode", pool.Window.CeilMode);
                json.WriteBoolean("count_include_pad", pool.CountIncludePad);
                break;
            case SliceOp slice:
                json.WriteNumber("start", slice.Start);
                json.WriteNumber("count", slice.Count);
                break;
            case SoftmaxOp softmax:
                json.WriteNumber("radix", softmax.Radix);
                json.WriteNumber("cardinality", softmax.Cardinality);
                break;
            case AdaptiveAvgPool2dOp pool:
                json.WriteNumber("output_size", pool.OutputSize);
                break;
            case UpsampleNearestOp upsample:
                json.WriteNumber("scale", upsample.Scale);
                break;
            case UpsampleBilinearOp upsample:
                json.WriteNumber("scale", upsample.Scale);
                json.WriteBoolean("align_corners", upsample.AlignCorners);
                break;
            case InputOp or ActivationOp or AddOp or MulOp or ConcatOp or PositionAttentionOp:
                break;
            default:
                // A new operation must say what it is here, or readers of the JSON would compute something else.
                throw new NotSupportedException($"the graph's JSON does not know the operation '{op.Name}'");
        }
        if (op is ActivatedOp activated) json.WriteString("activation", activated.Activation.TorchName());
    }

    private static IEnumerable<(string Role, Parameter Parameter)> Weights(Op op)
    {
        // Every operation with weights lists them in this order; the running statistics are batch norm's.
        string[] roles = ["weight", "bias", "running_mean", "running_var"];
        return op.Parameters.Select((parameter, index) => (roles[index], parameter));
    }

    private static void WriteShape(Utf8JsonWriter json, string name, Shape shape) =>
        WriteNumbers(json, name, [shape.N, shape.C, shape.H, shape.W]);

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<int> numbers)
    {
        json.WriteStartArray(name);
        foreach (int number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
