using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Tests.Backends;

namespace LungSeg.Engine.Tests.Passes;

/// <summary>Each pass by itself and all orders of them: numbers stay, and the nodes that should go are gone.</summary>
public sealed class PassTests
{
    private static readonly Func<Graph, Graph>[] All = [FoldBatchNorm.Apply, FuseResidual.Apply, FuseActivation.Apply];

    public static TheoryData<string> Orders => ["0", "1", "2", "012", "021", "102", "120", "201", "210", "012012"];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Passes_in_any_order_keep_the_networks_numbers(string order)
    {
        using var passed = new FusedReferenceBackend((graph, options) => order.Aggregate(
            graph.WithTaps(options.Taps), (result, pass) => All[pass - '0'](result)));
        // Fusing moves no rounding; folding does.
        Arithmetic arithmetic = order.Contains('0') ? Arithmetic.Float32 : Arithmetic.Exact;
        Gen.OneOf(NetCases.Networks, OpCases.Convolutions)
            .Sample(test => BackendCheck.Matches(passed, test, arithmetic), iter: 25, threads: 1);
    }

    [Fact]
    public void A_residual_block_becomes_two_convolutions()
    {
        Graph graph = Graph.Record(new Shape(1, 8, 6, 6), x =>
        {
            var layers = new RandomLayers(3);
            Tensor y = layers.BatchNorm(layers.Conv2d(x, "conv1", 8, 3, padding: 1, bias: false), "bn1").ReLU();
            y = layers.BatchNorm(layers.Conv2d(y, "conv2", 8, 3, padding: 1, bias: false), "bn2");
            return y.Add(x).ReLU();
        });
        Graph fused = StandardPasses.Apply(graph, new LoadOptions());
        Assert.Equal(["input", "conv1", "conv2"], fused.Nodes.Select(node => node.Path));
        Assert.All(fused.Nodes.Skip(1), node => Assert.Equal(Activation.ReLU, ((Conv2dOp)node.Op).Activation));
        Assert.True(((Conv2dOp)fused.Nodes[2].Op).Residual);
        Assert.Same(fused.Input, fused.Nodes[2].Inputs[1]);
        Assert.Same(fused.Nodes[2].Inputs[0], fused.Nodes[1]);
        Assert.Equal(["conv1.bias", "conv1.weight", "conv2.bias", "conv2.weight"],
            fused.Parameters.Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_two_convolutions_that_are_added_the_later_one_adds()
    {
        Graph graph = Graph.Record(new Shape(1, 4, 6, 6), x =>
        {
            var layers = new RandomLayers(3);
            Tensor first = layers.Conv2d(x, "first", 4, 1), second = layers.Conv2d(x, "second", 4, 1);
            return second.Add(first);
        });
        Graph fused = FuseResidual.Apply(graph);
        Assert.Equal(["input", "first", "second"], fused.Nodes.Select(node => node.Path));
        Assert.Equal("first", fused.Outputs[0].Inputs[1].Path);
    }

    [Fact]
    public void A_spread_operand_is_no_residual()
    {
        Graph graph = Graph.Record(new Shape(1, 4, 6, 6), x =>
        {
            var layers = new RandomLayers(3);
            return layers.Conv2d(x, "conv", 4, 3, padding: 1).Add(layers.Conv2d(x.AdaptiveAvgPool2d(1), "pooled", 4, 1));
        });
        Assert.Contains(StandardPasses.Apply(graph, new LoadOptions()).Nodes, node => node.Op is AddOp);
    }

    [Fact]
    public void Transposed_convolutions_take_batch_norm_and_activation_too()
    {
        Graph graph = Graph.Record(new Shape(1, 4, 6, 6), x =>
        {
            var layers = new RandomLayers(3);
            return layers.BatchNorm(layers.ConvTranspose2d(x, "up", 5, 4, 2, 1), "bn").ReLU();
        });
        Graph fused = StandardPasses.Apply(graph, new LoadOptions());
        Assert.Equal(["input", "up"], fused.Nodes.Select(node => node.Path));
        Assert.Equal(Activation.ReLU, ((ConvTranspose2dOp)fused.Nodes[1].Op).Activation);
    }

    [Theory]
    [InlineData("conv")]
    [InlineData("bn")]
    [InlineData("relu")]
    public void An_asked_tap_is_never_fused_away(string tap)
    {
        Graph graph = Graph.Record(new Shape(1, 4, 6, 6), x =>
        {
            var layers = new RandomLayers(3);
            Tensor y = RandomLayers.Activate(layers.BatchNorm(layers.Conv2d(x, "conv", 4, 3), "bn"), Activation.ReLU, "relu");
            return layers.Conv2d(y, "head", 1, 1);
        });
        var test = new OpCase("tapped", graph, 3, new LoadOptions { Taps = [tap] });
        Graph fused = StandardPasses.Apply(graph, test.Options);
        Assert.Equal(2, fused.Outputs.Count);
        Assert.Same(fused.Taps[tap], fused.Outputs[1]);
        using var backend = new FusedReferenceBackend();
        BackendCheck.Matches(backend, test, Arithmetic.Float32);
    }

    [Fact]
    public void Without_fusing_the_graph_stays_as_traced()
    {
        Graph graph = Graph.Record(new Shape(1, 4, 6, 6), x => new RandomLayers(3).Conv2d(x, "conv", 4, 3).ReLU());
        Assert.Equal(3, StandardPasses.Apply(graph, new LoadOptions { Fuse = false }).Nodes.Count);
        Assert.Equal(2, StandardPasses.Apply(graph, new LoadOptions()).Nodes.Count);
    }
}
