using CsCheck;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Tests.Backends;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Passes;

/// <summary>Each pass by itself and all orders of them: numbers stay, and the nodes that should go are gone.</summary>
public sealed class PassTests
{
    private static readonly Func<Graph, Graph>[] All = [FoldBatchNorm.Apply, FuseResidual.Apply, FuseActivation.Apply, FoldBranches.Apply];

    public static TheoryData<string> Orders => ["0", "1", "2", "012", "021", "102", "120", "201", "210", "012012", "3", "0312", "3012"];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Passes_in_any_order_keep_the_networks_numbers(string order)
    {
        using var passed = new FusedReferenceBackend((graph, options) => order.Aggregate(
            graph.WithTaps(options.Taps), (result, pass) => All[pass - '0'](result)));
        // Fusing moves no rounding; folding does.
        Arithmetic arithmetic = order.Contains('0') || order.Contains('3') ? Arithmetic.Float32 : Arithmetic.Exact;
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

    // Plain, grouped and depthwise, with strides: a kernel of 3, one of 1, and the input itself where the shape stays.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(8, 1)]
    [InlineData(1, 2)]
    [InlineData(8, 2)]
    public void Branches_that_are_summed_become_one_convolution(int groups, int stride)
    {
        Graph graph = Graph.Record(new Shape(2, 8, 9, 7), x =>
        {
            var layers = new RandomLayers(3);
            Tensor sum = layers.BatchNorm(layers.Conv2d(x, "one", 8, 1, stride: stride, groups: groups, bias: false), "bn1");
            Tensor three = layers.Conv2d(x, "three", 8, 3, stride: stride, padding: 1, groups: groups, bias: false);
            sum = sum.Add(layers.BatchNorm(three, "bn3"));
            sum = layers.Conv2d(x, "biased", 8, 3, stride: stride, padding: 1, groups: groups).Add(sum);
            return (stride == 1 ? sum.Add(layers.BatchNorm(x, "bn")) : sum).ReLU();
        });
        Graph folded = StandardPasses.Apply(graph, new LoadOptions());
        Assert.Equal(2, folded.Nodes.Count);
        Assert.Equal((3, Activation.ReLU), (((Conv2dOp)folded.Nodes[1].Op).R, ((Conv2dOp)folded.Nodes[1].Op).Activation));
        float[] input = SyntheticWeights.Input("branches/", "x", 2, 9, 7, 8), expected = Run(graph), found = Run(folded);
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < found.Length; i++) Assert.Equal(expected[i], found[i], 1e-5f);

        float[] Run(Graph of)
        {
            using var backend = new ReferenceBackend();
            using Model model = backend.Load(of);
            using Plan plan = model.Plan(2, 9, 7);
            plan.Input.CopyFrom(input);
            plan.Execute();
            return plan.Output.ToArray();
        }
    }

    [Fact]
    public void Branches_of_other_inputs_strides_or_readers_stay()
    {
        Assert.Equal(3, Convolutions((layers, x) =>
            layers.Conv2d(layers.Conv2d(x, "a", 8, 1), "b", 8, 1).Add(layers.Conv2d(x, "c", 8, 1))));
        Assert.Equal(2, Convolutions((layers, x) =>
            layers.Conv2d(x, "a", 8, 3, padding: 1).ReLU().Add(layers.Conv2d(x, "b", 8, 3, padding: 1))));
        Assert.Equal(2, Convolutions((layers, x) =>
            layers.Conv2d(x, "a", 8, 3, padding: 1, groups: 8).Add(layers.Conv2d(x, "b", 8, 3, padding: 1))));
        Assert.Equal(2, Convolutions((layers, x) =>
        {
            Tensor read = layers.Conv2d(x, "a", 8, 1);
            return read.Add(layers.Conv2d(x, "b", 8, 1)).Mul(read);
        }));

        static int Convolutions(Func<RandomLayers, Tensor, Tensor> build)
        {
            Graph graph = Graph.Record(new Shape(1, 8, 6, 6), x => build(new RandomLayers(3), x));
            return StandardPasses.Apply(graph, new LoadOptions()).Nodes.Count(node => node.Op is Conv2dOp);
        }
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
