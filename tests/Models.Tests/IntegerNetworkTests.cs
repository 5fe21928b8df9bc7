using LungSeg.Engine;
using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Tests;

/// <summary>The nine networks in integers: whole, near their float32 selves, and the same bits on every instruction set.</summary>
public sealed class IntegerNetworkTests
{
    // Small: what is tested is that every layer of every network has a kernel, and that all paths agree.
    private const int Multiple = 2;

    public static TheoryData<string> Networks => [.. Architectures.All.Select(network => network.Key)];

    // The default, the study's choice, and one without attention.
    private static readonly string[] Everyday = ["pan", "deeplabv3plus", "pspnet"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_network_in_integers_has_the_same_bits_on_every_path_and_number_of_threads(string key)
    {
        if (!Everyday.Contains(key)) LargeTest.SkipUnlessWanted();
        Architecture network = Architectures.Get(key);
        int size = Math.Max(network.MinimumSize, 32 * Multiple);
        Graph graph = network.Record(new SyntheticWeights(), 1, size, size);
        float[] image = SyntheticWeights.Input("integer", key, 1, size, size);
        using var backend = new CpuBackend(2);
        Graph quantized = graph.WithQuantization(new NetworkQuantization(MinMaxCalibration.Of(graph, backend, [image])));
        (float[] expected, long floatBytes) = Run(backend, graph, image, null);
        float[]? first = null;
        foreach (IntegerPath path in IntegerPaths.Of(InstructionSets.Best))
        {
            (float[] found, long bytes) = Run(backend, quantized, image, path);
            first ??= found;
            Assert.True(first.AsSpan().SequenceEqual(found), $"{key}, {path}: other bits than the first path's");
            Assert.True(bytes < floatBytes, $"{key}: {bytes} bytes of working memory, {floatBytes} in float32");
        }
        Assert.All(first!, value => Assert.InRange(value, 0, 1));
        double mean = first!.Zip(expected, (a, b) => Math.Abs((double)a - b)).Average();
        Assert.True(mean < 0.05, $"{key}: {mean} from float32 in the mean");
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_network_in_integers_needs_two_fifths_of_the_working_memory_at_most(string key)
    {
        if (!Everyday.Contains(key)) LargeTest.SkipUnlessWanted();
        const double Most = 0.4;
        Architecture network = Architectures.Get(key);
        int size = Math.Max(network.MinimumSize, 32 * Multiple);
        Graph small = network.Record(new SyntheticWeights(), 1, size, size);
        Graph graph = network.Record(new SyntheticWeights(), 1, network.InputSize, network.InputSize);
        using var backend = new CpuBackend(1);
        QuantizationTable table = MinMaxCalibration.Of(small, backend, [SyntheticWeights.Input("integer", key, 1, size, size)]);
        long floats = Needed(graph, null);
        foreach (IntegerPath path in IntegerPaths.Of(InstructionSets.Best))
        {
            long integers = Needed(graph.WithQuantization(new NetworkQuantization(table)), path);
            Assert.True(integers <= Most * floats, $"{key}, {path}: {integers} bytes of working memory, {floats} in float32");
        }

        long Needed(Graph wanted, IntegerPath? path)
        {
            using Model model = backend.Load(wanted, new LoadOptions { IntegerPath = path });
            return model.Measure(1, network.InputSize, network.InputSize).Plan;
        }
    }

    private static (float[] Output, long ArenaBytes) Run(CpuBackend backend, Graph graph, float[] image, IntegerPath? path)
    {
        using Model model = backend.Load(graph, new LoadOptions { IntegerPath = path });
        using Plan plan = model.Plan(1, graph.Input.Shape.H, graph.Input.Shape.W);
        plan.Input.CopyFrom(image);
        plan.Execute();
        return (plan.Output.ToArray(), plan.ArenaBytes);
    }
}
