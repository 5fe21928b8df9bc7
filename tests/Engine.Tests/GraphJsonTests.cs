using System.Text.Json;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests;

public class GraphJsonTests
{
    [Fact]
    public void Every_operation_is_written_with_what_it_needs_to_be_computed()
    {
        JsonElement root = Write(Everything());

        Assert.Equal(
            ["input", "conv2d", "batch_norm", "relu", "max_pool2d", "conv_transpose2d", "group_norm", "silu", "adaptive_avg_pool2d",
                "sigmoid", "mul", "upsample_nearest", "upsample_bilinear", "add", "position_attention", "cat", "upsample_bilinear"],
            Nodes(root).Select(node => node.GetProperty("op").GetString()));
        Assert.Equal([1, 3, 16, 16], Numbers(root.GetProperty("input")));
        Assert.Equal([16], Numbers(root.GetProperty("outputs")));

        JsonElement conv = Node(root, "conv");
        Assert.Equal([0], Numbers(conv.GetProperty("inputs")));
        Assert.Equal([1, 4, 8, 8], Numbers(conv.GetProperty("shape")));
        Assert.Equal(4 * 8 * 8 * 3 * 9, conv.GetProperty("macs").GetInt64());
        Assert.Equal(
            """{"stride":2,"padding":{"left":0,"top":1,"right":2,"bottom":1},"dilation":1,"groups":1,"""
                + "\"residual\":false,\"activation\":\"none\"}",
            Compact(conv.GetProperty("attributes")));
        Assert.Equal("""{"weight":{"key":"conv.weight","shape":[4,3,3,3]}}""", Compact(conv.GetProperty("weights")));

        JsonElement norm = Node(root, "bn");
        Assert.Equal(0.001f, norm.GetProperty("attributes").GetProperty("eps").GetSingle());
        Assert.Equal(
            ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"],
            norm.GetProperty("weights").EnumerateObject().Select(weight => weight.Value.GetProperty("key").GetString()));
        Assert.Equal(
            ["weight", "bias", "running_mean", "running_var"],
            norm.GetProperty("weights").EnumerateObject().Select(weight => weight.Name));

        Assert.Equal(
            """{"kernel_size":3,"stride":2,"padding":1,"ceil_mode":true}""", Attributes(root, "max_pool2d"));
        Assert.Equal("""{"stride":2,"padding":1,"activation":"none"}""", Attributes(root, "up"));
        Assert.Equal("""{"output_size":1}""", Attributes(root, "adaptive_avg_pool2d"));
        Assert.Equal("""{"scale":2}""", Attributes(root, "upsample_nearest"));
        Assert.Equal(
            ["""{"scale":2,"align_corners":true,"activation":"none"}""", """{"scale":0,"align_corners":false,"activation":"none"}"""],
            Nodes(root).Where(n => n.GetProperty("op").GetString() == "upsample_bilinear")
                .Select(n => Compact(n.GetProperty("attributes"))));
    }

    [Fact]
    public void Inputs_come_before_their_readers_and_taps_point_at_nodes()
    {
        Graph graph = Everything();
        JsonElement root = Write(graph);

        Assert.All(Nodes(root), (node, id) =>
        {
            Assert.Equal(id, node.GetProperty("id").GetInt32());
            Assert.All(Numbers(node.GetProperty("inputs")), input => Assert.InRange(input, 0, id - 1));
        });
        Assert.Equal(
            graph.Taps.ToDictionary(tap => tap.Key, tap => tap.Value.Path),
            root.GetProperty("taps").EnumerateObject().ToDictionary(
                tap => tap.Name, tap => Nodes(root)[tap.Value.GetInt32()].GetProperty("path").GetString()!));
    }

    [Fact]
    public void What_passes_fused_is_written_too()
    {
        JsonElement conv = Node(Write(StandardPasses.Apply(Everything(), new LoadOptions())), "conv");

        Assert.Equal("relu", conv.GetProperty("attributes").GetProperty("activation").GetString());
        Assert.Equal("conv.bias", conv.GetProperty("weights").GetProperty("bias").GetProperty("key").GetString());
    }

    [Fact]
    public void No_weight_is_read()
    {
        using var stream = new MemoryStream();
        GraphJson.Write(Everything(), stream);

        Assert.StartsWith("{", System.Text.Encoding.UTF8.GetString(stream.ToArray()), StringComparison.Ordinal);
    }

    private static Graph Everything()
    {
        var w = new WeightScope(new Unreadable());
        return Graph.Record(new Shape(1, 3, 16, 16), input =>
        {
            Tensor x = new Conv2d(w["conv"], 3, 4, 3, stride: 2, padding: new Padding(0, 1, 2, 1), bias: false).Forward(input);
            x = new BatchNorm2d(w["bn"], 4, eps: 1e-3f).Forward(x).ReLU();
            Tensor up = new ConvTranspose2d(w["up"], 4, 4, kernelSize: 4, stride: 2, padding: 1)
                .Forward(x.MaxPool2d(3, 2, 1, ceilMode: true));
            up = new GroupNorm(w["gn"], 2, 4).Forward(up).SiLU();
            up = up.Mul(up.AdaptiveAvgPool2d(1).Sigmoid());
            Tensor sum = up.UpsampleNearest(2).Add(up.UpsampleBilinear(2, alignCorners: true));
            Tensor attended = sum.Apply(new PositionAttentionOp(), sum, sum);
            return Tensor.Cat(attended, sum).UpsampleBilinear(input, alignCorners: false);
        });
    }

    private static JsonElement Write(Graph graph)
    {
        using var stream = new MemoryStream();
        GraphJson.Write(graph, stream);
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }

    private static JsonElement[] Nodes(JsonElement root) => [.. root.GetProperty("nodes").EnumerateArray()];

    private static JsonElement Node(JsonElement root, string path) =>
        Nodes(root).First(node => node.GetProperty("path").GetString() == path);

    private static string Attributes(JsonElement root, string path) => Compact(Node(root, path).GetProperty("attributes"));

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);

    private sealed class Unreadable : IWeightSource
    {
        public Parameter Get(string key, ReadOnlySpan<int> dims) =>
            new(key, dims.ToArray(), () => throw new InvalidOperationException($"'{key}' was read"));
    }
}
