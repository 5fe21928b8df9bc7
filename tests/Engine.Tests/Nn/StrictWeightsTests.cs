using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Tests.Nn;

public sealed class StrictWeightsTests
{
    [Fact]
    public void Weights_that_fit_pass_and_scalars_that_nobody_reads_may_be_missing()
    {
        Build(Fitting());
        Build(Fitting().Where(parameter => parameter.Key != "stem.1.num_batches_tracked"));
    }

    [Fact]
    public void A_missing_weight_is_named() =>
        Assert.Equal(
            "the weights do not fit the network: stem.0.weight: missing",
            Refusal(Fitting().Where(parameter => parameter.Key != "stem.0.weight")));

    [Fact]
    public void A_misshapen_weight_is_named_with_both_shapes() =>
        Assert.Equal(
            "the weights do not fit the network: stem.0.weight: expected [4, 3, 3, 3], found [4, 3, 3]",
            Refusal(Fitting().Select(parameter => parameter.Key == "stem.0.weight" ? Weight("stem.0.weight", 4, 3, 3) : parameter)));

    [Fact]
    public void A_weight_left_over_is_named_with_its_shape() =>
        Assert.Equal(
            "the weights do not fit the network: head.weight [2, 4, 1, 1]: not part of the network",
            Refusal(Fitting().Append(Weight("head.weight", 2, 4, 1, 1))));

    [Fact]
    public void Many_faults_are_counted()
    {
        string message = Refusal(Enumerable.Range(0, 15).Select(i => Weight($"extra{i}", i)));
        Assert.Contains("stem.0.weight: missing", message);
        Assert.Contains("(and 10 more)", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_key_that_occurs_twice_is_refused() =>
        Assert.Contains("'a'", Assert.Throws<WeightException>(() => new StateDict([Weight("a", 1), Weight("a", 1)])).Message);

    [Fact]
    public void Scopes_join_names_and_numbers_into_paths()
    {
        var w = new WeightScope(new StrictWeights(new StateDict([])));
        Assert.Equal("decoder.aspp.0.convs.1", w["decoder"]["aspp"][0]["convs"][1].Path);
        Assert.Equal("", w.Path);
    }

    [Fact]
    public void Modules_are_nodes_and_taps_under_PyTorchs_paths()
    {
        Graph graph = Build(Fitting());
        Assert.Equal(["input", "stem.0", "stem.1", "stem.2"], graph.Nodes.Select(node => node.Path));
        Assert.Equal(["stem", "stem.0", "stem.1", "stem.2"], graph.Taps.Keys.Order(StringComparer.Ordinal));
        Assert.Same(graph.Taps["stem.2"], graph.Taps["stem"]);
        Assert.Equal(
            ["stem.0.weight", "stem.1.weight", "stem.1.bias", "stem.1.running_mean", "stem.1.running_var"],
            graph.Parameters.Select(parameter => parameter.Key));
    }

    private static string Refusal(IEnumerable<Parameter> parameters) => Assert.Throws<WeightException>(() => Build(parameters)).Message;

    private static Graph Build(IEnumerable<Parameter> parameters)
    {
        var weights = new StrictWeights(new StateDict(parameters));
        WeightScope stem = new WeightScope(weights)["stem"];
        var network = new Sequential(
            stem, new Conv2d(stem[0], 3, 4, 3, padding: 1, bias: false), new BatchNorm2d(stem[1], 4),
            new Activate(stem[2], Activation.ReLU));
        Graph graph = Graph.Record(new Shape(1, 3, 8, 8), network.Forward);
        weights.Check(graph);
        return graph;
    }

    private static IEnumerable<Parameter> Fitting() =>
    [
        Weight("stem.0.weight", 4, 3, 3, 3), Weight("stem.1.weight", 4), Weight("stem.1.bias", 4), Weight("stem.1.running_mean", 4),
        Weight("stem.1.running_var", 4), Weight("stem.1.num_batches_tracked"),
    ];

    private static Parameter Weight(string key, params int[] dims) =>
        new(key, dims, () => new float[dims.Aggregate(1, (product, dim) => product * dim)]);
}
