using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Tests.Backends;

/// <summary>Integer layers: every path of the CPU gives the reference's bytes, whatever the shape and the number of threads.</summary>
public sealed class IntegerTests
{
    private const int Seeds = 4;

    public static TheoryData<string> Operations => [.. OperationCases.Names];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Every_path_gives_the_bytes_of_the_reference(string operation)
    {
        for (int seed = 0; seed < Seeds; seed++) Check(IntegerCase.Of(OperationCases.Make(operation, seed)));
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Operations))]
    public void Every_path_gives_the_bytes_of_the_reference_over_many_shapes(string operation)
    {
        for (int seed = Seeds; seed < 40 * Seeds; seed++) Check(IntegerCase.Of(OperationCases.Make(operation, seed)));
    }

    /// <summary>What is computed on the way to a depthwise convolution or a head.</summary>
    public static TheoryData<string> Chains =>
        ["expansion", "first layer", "bilinear", "nearest", "concatenation", "head", "head of a concatenation", "gate and sum"];

    [Theory]
    [MemberData(nameof(Chains))]
    public void What_is_never_stored_gives_the_bytes_of_the_reference(string chain)
    {
        for (int seed = 0; seed < 3 * Seeds; seed++) CheckChain(chain, seed);
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Chains))]
    public void What_is_never_stored_gives_the_bytes_of_the_reference_over_many_shapes(string chain)
    {
        for (int seed = 3 * Seeds; seed < 60 * Seeds; seed++) CheckChain(chain, seed);
    }

    private static void CheckChain(string chain, int seed)
    {
        var random = new Random(seed);
        int window = random.Next(1, 8), dilation = random.Next(1, 4), stride = random.Next(1, 4), span = dilation * (window - 1);
        // Wide enough for several slabs of channels and stretches of pixels now and then, and odd.
        int channels = random.Next(4) == 0 ? random.Next(130, 300) : random.Next(2, 90);
        var image = new Shape(random.Next(1, 3), 3, random.Next(1, 24), random.Next(4) == 0 ? random.Next(60, 140) : random.Next(1, 24));
        Activation function = new[] { Activation.None, Activation.ReLU, Activation.ReLU6, Activation.SiLU }[random.Next(4)];
        var padding = new Padding(random.Next(0, 3), random.Next(0, 3), span, span);
        var layers = new RandomLayers(seed);
        Graph graph = Graph.Record(image, input =>
        {
            Tensor x = layers.Conv2d(input, "before", 11, 3, padding: new Padding(1, 1, 1, 1)), y = Conv(x, "wide", channels);
            return chain switch
            {
                "expansion" => Depthwise(y),
                "first layer" => Depthwise(Conv(input, "first", channels, 3, 2)),
                "bilinear" => Depthwise(x.UpsampleBilinear(2, alignCorners: seed % 2 == 0)),
                "nearest" => Depthwise(x.UpsampleNearest(2)),
                "concatenation" => Depthwise(Tensor.Cat(
                    Conv(x, "left", 16 * random.Next(1, 5)).UpsampleBilinear(y, alignCorners: true), Conv(x, "middle", 32), y)),
                "head" => layers.Conv2d(y, "head", 1, 1),
                "head of a concatenation" => layers.Conv2d(Conv(Tensor.Cat(x, y), "wider", channels), "head", 1, 1),
                _ => y.Mul(layers.Conv2d(y.AdaptiveAvgPool2d(1), "gate", channels, 1).Sigmoid()).Add(Conv(x, "other", channels)).ReLU(),
            };
        });
        string text =
            $"{chain} of {image}, {channels} channels, {window}x{window}, stride {stride}, dilation {dilation}, {function}, seed {seed}";
        // A head's logits are float32 if nobody reads them.
        bool isRead = !chain.StartsWith("head", StringComparison.Ordinal) || seed % 2 == 0;
        var test = IntegerCase.Of(new OperationCase(text, graph, seed), isRead);
        FusionPlan plan = FusionPlan.Of(StandardPasses.Apply(test.Graph, new LoadOptions()), Int8Fusion.Instance);
        bool inPlace = chain == "gate and sum";
        Assert.Contains(plan.Nodes, node => inPlace ? plan.WrittenOver(node.Node) is not null : node.Unstored.Count > 0);
        Check(test);

        Tensor Conv(Tensor x, string name, int k, int r = 1, int step = 1) => RandomLayers.Activate(
            layers.Conv2d(x, name, k, r, stride: step, padding: new Padding(r / 2, r / 2, r / 2, r / 2)), function, $"{name}.act");

        Tensor Depthwise(Tensor x) => RandomLayers.Activate(
            layers.Conv2d(x, "depthwise", x.Shape.C, window, stride: stride, padding: padding, dilation: dilation, groups: x.Shape.C),
            function, "depthwise.act");
    }

    private static void Check(IntegerCase test)
    {
        foreach (IntegerPath path in IntegerPaths.Of(InstructionSets.Best))
        {
            foreach (int threads in (int[])[1, 3])
            {
                using var backend = new CpuBackend(threads);
                string? fault = test.Fault(backend, new LoadOptions { IntegerPath = path });
                Assert.True(fault is null, $"{test.Description}, {path}, {threads} threads, {fault}");
            }
        }
    }
}
