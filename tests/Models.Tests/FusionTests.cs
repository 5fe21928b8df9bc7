using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>
/// What of each network is never stored, and who does its work, on each backend, without a kernel: pinned in tests/data/fusion, a line for
/// each stored tensor with what is read for it.
/// </summary>
public sealed class FusionTests
{
    private static readonly (string Name, IFusionTarget Target)[] Targets =
        [("cpu", CpuFusion.Instance), ("cuda", new CudaFusion(tiled: true, gates: true))];

    public static TheoryData<string> Networks => TestData.Networks;

    public static TheoryData<string> Patterns =>
        [.. Enum.GetNames<FusionPatterns>().Except([nameof(FusionPatterns.None), nameof(FusionPatterns.All)])];

    [Theory, MemberData(nameof(Networks))]
    public void What_is_stored_and_what_is_read_for_it_is_as_pinned(string network)
    {
        foreach ((string name, IFusionTarget target) in Targets) Assert.Equal(Pinned(network, name), Plan(network, target));
    }

    // Not one of them is idle, and none does another's work.
    [Theory, MemberData(nameof(Patterns))]
    public void Without_a_pattern_a_network_is_not_as_pinned(string pattern)
    {
        FusionPatterns others = FusionPatterns.All & ~Enum.Parse<FusionPatterns>(pattern);
        Assert.Contains(
            Architectures.All,
            network => Targets.Any(target => Plan(network.Key, target.Target, others) != Pinned(network.Key, target.Name)));
    }

    [Theory, MemberData(nameof(Networks))]
    public void Without_any_pattern_everything_is_stored(string network)
    {
        foreach ((_, IFusionTarget target) in Targets)
        {
            Graph graph = Record(network);
            FusionPlan plan = FusionPlan.Of(graph, target, FusionPatterns.None);
            Assert.Equal(graph.Nodes.Skip(1), plan.Nodes.Select(node => node.Node));
            Assert.All(plan.Nodes, node => Assert.True(node.Unstored.Count == 0 && plan.OwnerOf(node.Node) == node.Node));
        }
    }

    // By hand, after a change of the patterns or of a network: -explicit only -method '*Pin_the_plans'.
    [Fact(Explicit = true)]
    public void Pin_the_plans()
    {
        Directory.CreateDirectory(TestData.PathOf("fusion"));
        foreach (string network in Architectures.All.Select(architecture => architecture.Key))
            foreach ((string name, IFusionTarget target) in Targets) File.WriteAllText(PathOf(network, name), Plan(network, target));
    }

    private static string Plan(string network, IFusionTarget target, FusionPatterns patterns = FusionPatterns.All) =>
        FusionPlan.Of(StandardPasses.Apply(Record(network), new LoadOptions { Patterns = patterns }), target, patterns).ToString();

    private static Graph Record(string network)
    {
        Architecture architecture = Architectures.Get(network);
        return architecture.Record(new SyntheticWeights(), 1, architecture.InputSize, architecture.InputSize);
    }

    private static string Pinned(string network, string target) => File.ReadAllText(PathOf(network, target)).ReplaceLineEndings("\n");

    private static string PathOf(string network, string target) => TestData.PathOf("fusion", $"{network}.{target}.txt");
}
