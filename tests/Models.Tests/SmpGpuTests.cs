using System.Globalization;
using LungSeg.CudaStub;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>
/// The smallest network of each family of encoders on the emulated GPU, against the reference. The facts of segmentation_models_pytorch
/// have larger images, for which the interpreter would take hours; that the reference and the CPU give those is tested elsewhere.
/// </summary>
public sealed class SmpGpuTests
{
    // As for the facts: a share of the output's deviation.
    private const double Bound = 5e-4;

    public static TheoryData<string> Families => [.. SmpFamilyTests.Smallest.Select(row => row.Family)];

    [Theory, InlineData("MobileNetV3"), InlineData("MobileNetV2"), InlineData("GERNet")]
    public void A_small_network_gives_what_the_reference_gives(string family) => Compare(family);

    // Minutes each in the interpreter: by hand, tests/long.sh smp-gpu.
    [Theory(Explicit = true), MemberData(nameof(Families))]
    public void One_of_each_family_gives_what_the_reference_gives(string family) => Compare(family);

    [Fact]
    public void UPerNet_with_its_norms_over_channels_gives_what_the_reference_gives() => Compare(
        SmpPair.All(TestData.PathOf("smp", "pairs.jsonl.gz")).First(pair => pair.Architecture == "UPerNet" && pair.Refused is null));

    private static void Compare(string family) => Compare(SmpFamilyTests.Smallest.First(row => row.Family == family).Pair);

    private static void Compare(SmpPair pair)
    {
        Network network = pair.Build();
        var recorder = new LayoutRecorder();
        network.Build(recorder);
        // PAN halves its deepest map three times more.
        int side = pair.Architecture == "PAN" ? 128 : 64;
        var shape = new Shape(1, pair.Input[1], side, side);
        Graph graph = Graph.Record(shape, network.Build(pair.Weights(recorder.Asked.Select(parameter => parameter.Key))));
        float[] image = SyntheticWeights.Input("smp/", "gpu", 1, side, side, pair.Input[1]);
        using var reference = new ReferenceBackend();
        using CudaBackend gpu = EmulatedGpu.Open(Precision.Float32, computeCapability: 60, workers: 2, isolated: false);
        float[] expected = Run(reference, graph, image), actual = Run(gpu, graph, image);
        double mean = expected.Average(value => (double)value);
        double deviation = Math.Sqrt(expected.Average(value => (value - mean) * (value - mean)));
        double error = expected.Zip(actual, (a, b) => Math.Abs((double)a - b)).Max() / deviation;
        TestContext.Current.SendDiagnosticMessage(string.Create(
            CultureInfo.InvariantCulture, $"{pair.Architecture}, {pair.Encoder}: {error:0.0e-0} of the deviation"));
        Assert.InRange(error, 0, Bound);
    }

    private static float[] Run(IBackend backend, Graph graph, float[] image)
    {
        using Model model = backend.Load(graph);
        using Plan plan = model.Plan(1, graph.Input.Shape.H, graph.Input.Shape.W);
        plan.Input.CopyFrom(image);
        plan.Execute();
        return plan.Outputs[0].ToArray();
    }
}
