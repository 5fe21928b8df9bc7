using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Tests;

public sealed class GraphTests
{
    private static readonly Shape Input = new(1, 3, 8, 8);

    [Fact]
    public void Nodes_are_recorded_in_the_order_of_execution_with_their_paths()
    {
        Graph graph = Network();
        Assert.Equal(["input", "conv", "conv2", "add", "head"], graph.Nodes.Select(node => node.Path));
        Assert.Equal(graph.Nodes[^1], Assert.Single(graph.Outputs));
        Assert.Equal("head: conv2d 1x2x8x8", graph.Outputs[0].ToString());
    }

    [Fact]
    public void What_leads_to_no_output_falls_away_with_its_taps()
    {
        Graph graph = Graph.Record(Input, x =>
        {
            var layers = new RandomLayers(1);
            layers.Conv2d(x, "unused", 7, 1);
            return layers.Conv2d(x, "used", 4, 1);
        });
        Assert.Equal(["input", "used"], graph.Nodes.Select(node => node.Path));
        Assert.Equal(["used"], graph.Taps.Keys);
        Assert.Equal(["used.weight", "used.bias"], graph.Parameters.Select(parameter => parameter.Key));
    }

    [Fact]
    public void Functional_operations_get_their_modules_path_and_one_tensor_may_be_tapped_by_nested_modules()
    {
        Graph graph = Graph.Record(Input, x =>
            x.Trace!.Call("encoder", () => x.Trace!.Call("encoder.layer1", () => x.ReLU()).MaxPool2d(2, 2)));
        Assert.Equal(["input", "encoder.layer1.relu", "encoder.max_pool2d"], graph.Nodes.Select(node => node.Path));
        Assert.Same(graph.Nodes[1], graph.Taps["encoder.layer1"]);
        Assert.Same(graph.Nodes[2], graph.Taps["encoder"]);

        graph = Graph.Record(Input, x => x.Trace!.Call("outer", () => x.Trace!.Call("outer.inner", () => x.SiLU())));
        Assert.Same(graph.Taps["outer"], graph.Taps["outer.inner"]);
        Assert.Equal("outer.inner.silu", graph.Output().Path);
    }

    [Fact]
    public void Consumers_count_every_reading_and_being_an_output()
    {
        Graph graph = Network();
        Assert.Equal([1, 2, 1, 1, 1], graph.Nodes.Select(node => graph.Consumers[node]));
        Graph doubled = Graph.Record(Input, x => x.Add(x));
        Assert.Equal([2, 1], doubled.Nodes.Select(node => doubled.Consumers[node]));
        Graph tapped = graph.WithTaps(["add"]);
        Assert.Equal(2, tapped.Consumers[tapped.Taps["add"]]);
    }

    [Fact]
    public void Taps_become_outputs_in_the_order_asked_for()
    {
        Graph graph = Network().WithTaps(["add", "conv", "add"]);
        Assert.Equal(["head", "add", "conv", "add"], graph.Outputs.Select(output => output.Path));
        Assert.Contains("'decoder.nothing'", Assert.ThrowsAny<EngineException>(() => graph.WithTaps(["decoder.nothing"])).Message);
    }

    [Fact]
    public void Another_input_gives_the_same_network_at_other_shapes()
    {
        Graph graph = Network().WithTaps(["conv"]), other = graph.WithInput(new Shape(3, 3, 5, 16));
        Assert.Equal(graph.Nodes.Select(node => node.Path), other.Nodes.Select(node => node.Path));
        Assert.Equal(graph.Nodes.Skip(1).Select(node => node.Op), other.Nodes.Skip(1).Select(node => node.Op));
        Assert.Equal([new Shape(3, 2, 5, 16), new Shape(3, 4, 5, 16)], other.Outputs.Select(output => output.Shape));
        Assert.Same(other.Outputs[1], other.Taps["conv"]);
        Assert.Contains("conv (conv2d)", Assert.Throws<ShapeException>(() => graph.WithInput(new Shape(1, 1, 8, 8))).Message);
    }

    [Fact]
    public void A_rewrite_puts_new_nodes_before_their_readers_and_leaves_the_old_graph_alone()
    {
        Graph graph = Network();
        Graph rewritten = graph.Rewrite((node, inputs) => node.Op is AddOp
            ? Tensor.Create(new ActivationOp(Activation.ReLU), [Tensor.Create(new MulOp(), inputs, "product")], "positive")
            : Tensor.Create(node.Op, inputs, node.Path));
        Assert.Equal(["input", "conv", "conv2", "product", "positive", "head"], rewritten.Nodes.Select(node => node.Path));
        Assert.Equal("positive", rewritten.Taps["add"].Path);
        Assert.Equal(["input", "conv", "conv2", "add", "head"], graph.Nodes.Select(node => node.Path));
        Assert.All(rewritten.Nodes.Index(), pair => Assert.All(
            pair.Item.Inputs, input => Assert.True(rewritten.Nodes.ToList().IndexOf(input) < pair.Index)));
    }

    [Fact]
    public void A_rewrite_may_drop_a_node_for_its_input()
    {
        Graph graph = Graph.Record(Input, x =>
            RandomLayers.Tapped(RandomLayers.Activate(x, Activation.ReLU, "first"), "second", new ActivationOp(Activation.ReLU)));
        Graph rewritten = graph.Rewrite((node, inputs) => node.Path == "second" ? inputs[0] : Tensor.Create(node.Op, inputs, node.Path));
        Assert.Equal(["input", "first"], rewritten.Nodes.Select(node => node.Path));
        Assert.Same(rewritten.Taps["first"], rewritten.Taps["second"]);
        Assert.Same(rewritten.Taps["first"], rewritten.Output());
    }

    [Fact]
    public void Tensors_of_a_finished_graph_do_not_grow_once_rewritten()
    {
        Graph graph = Network().WithInput(Input);
        Assert.Throws<InvalidOperationException>(() => graph.Output().ReLU());
    }

    private static Graph Network() => Graph.Record(Input, x =>
    {
        var layers = new RandomLayers(1);
        Tensor y = layers.Conv2d(x, "conv", 4, 3, padding: 1);
        y = RandomLayers.Tapped(y, "add", new AddOp(), layers.Conv2d(y, "conv2", 4, 1));
        return layers.Conv2d(y, "head", 2, 1);
    });
}

internal static class GraphExtensions
{
    public static Tensor Output(this Graph graph) => graph.Outputs[0];
}
