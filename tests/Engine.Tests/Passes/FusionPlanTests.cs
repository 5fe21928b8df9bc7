using CsCheck;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Tests.Backends;

namespace LungSeg.Engine.Tests.Passes;

/// <summary>What holds for every plan, and the cases where a pattern must not be taken.</summary>
public sealed class FusionPlanTests
{
    private static readonly IFusionTarget[] Targets = [CpuFusion.Instance, new CudaFusion(tiled: true, gates: true)];
    private static readonly Gen<OpCase> Cases =
        Gen.OneOf(NetCases.Networks, OpCases.Concatenations, OpCases.PointwiseChains, OpCases.DepthwiseConvolutions);

    [Fact]
    public void Every_tensor_is_stored_or_made_on_the_way_to_one_that_is() =>
        Gen.Select(Cases, Gen.Int[0, 1].Select(i => Targets[i])).Sample((test, target) =>
        {
            FusionPlan plan = FusionPlan.Of(StandardPasses.Apply(test.Graph, test.Options), target, test.Options.Patterns);
            HashSet<Tensor> made = [plan.Graph.Input];
            foreach ((FusedNode node, int step) in plan.Nodes.Select((node, i) => (node, i + 1)))
            {
                // Read are tensors that are in memory by then, and still.
                Assert.All(node.Reads, tensor => Assert.True(made.Contains(tensor) && plan.IsStored(tensor)));
                foreach ((int first, int last) in node.Reads.Append(node.Node).Select(tensor => plan.Lives[plan.OwnerOf(tensor)]))
                    Assert.InRange(step, first, last);
                Assert.DoesNotContain(node.Unstored, plan.IsStored);
                made.UnionWith([node.Node, .. node.Unstored]);
            }
            Assert.Equal(plan.Graph.Nodes.ToHashSet(), made);
            Assert.All(plan.Graph.Outputs, output => Assert.True(plan.IsStored(output)));
            Assert.All(plan.Graph.Outputs, output => Assert.Equal(int.MaxValue, plan.Lives[plan.OwnerOf(output)].Last));
        });

    [Fact]
    public void Of_a_sum_of_two_products_one_is_stored() => Assert.Equal(
        ["input", "gate", "a", "sum"],
        Stored(CpuFusion.Instance, x =>
        {
            Tensor gate = new RandomLayers(1).Conv2d(x, "gate", 4, 6);
            Tensor a = RandomLayers.Tapped(new RandomLayers(1).Conv2d(x, "map", 4, 1), "a", new MulOp(), gate);
            return RandomLayers.Tapped(a, "sum", new AddOp(), RandomLayers.Tapped(a.Inputs[0], "b", new MulOp(), gate));
        }).Except(["map"]));

    [Fact]
    public void What_is_tapped_is_stored()
    {
        static Tensor Network(Tensor x)
        {
            var layers = new RandomLayers(1);
            return layers.Conv2d(layers.Conv2d(layers.Conv2d(x, "first", 8, 3, padding: 1), "product", 4, 1), "head", 1, 1);
        }
        Assert.Equal(["input", "first", "head"], Stored(CpuFusion.Instance, Network));
        Assert.Equal(["input", "first", "product", "head"], Stored(CpuFusion.Instance, Network, "product"));
    }

    [Fact]
    public void An_expansion_that_two_read_is_stored() => Assert.Equal(
        ["input", "expand", "left", "right", "sum"],
        Stored(CpuFusion.Instance, x =>
        {
            var layers = new RandomLayers(1);
            Tensor y = layers.Conv2d(x, "expand", 8, 1);
            Tensor left = layers.Conv2d(y, "left", 8, 3, padding: 1, groups: 8);
            Tensor right = layers.Conv2d(y, "right", 8, 3, padding: 1, groups: 8);
            return RandomLayers.Tapped(left.ReLU(), "sum", new MulOp(), right.ReLU());
        }));

    [Fact]
    public void A_planar_part_is_not_read_by_a_product() => Assert.Contains(
        "cat",
        Stored(CpuFusion.Instance, x => new RandomLayers(1).Conv2d(RandomLayers.Tapped(x, "cat", new ConcatOp(), x.ReLU()), "conv", 4, 1)));

    [Fact]
    public void A_pooled_branch_alone_is_stored() => Assert.Contains(
        "up", Stored(CpuFusion.Instance, x => new RandomLayers(1).Conv2d(
            RandomLayers.Tapped(x.AdaptiveAvgPool2d(1), "up", new UpsampleBilinearOp(0, true), x), "conv", 4, 1)));

    private static IEnumerable<string> Stored(IFusionTarget target, Func<Tensor, Tensor> network, params string[] taps)
    {
        Graph graph = StandardPasses.Apply(Graph.Record(new Shape(1, 3, 6, 6), network), new LoadOptions { Taps = taps });
        FusionPlan plan = FusionPlan.Of(graph, target);
        return graph.Nodes.Where(plan.IsStored).Select(node => node.Path);
    }
}
