using LungSeg.Engine.Backends.Cpu;
using LungSeg.Engine.Backends.Cpu.Int8;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

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
        for (int seed = 0; seed < Seeds; seed++) Check(operation, seed);
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(Operations))]
    public void Every_path_gives_the_bytes_of_the_reference_over_many_shapes(string operation)
    {
        for (int seed = Seeds; seed < 40 * Seeds; seed++) Check(operation, seed);
    }

    private static void Check(string operation, int seed)
    {
        OperationCase made = OperationCases.Make(operation, seed);
        Graph graph = WithReader(made.Graph);
        float[] image = made.Input(graph.Input.Shape);
        using var reference = new ReferenceBackend();
        QuantizationTable table = MinMaxCalibration.Of(graph, reference, [image]);
        graph = graph.WithQuantization(new NetworkQuantization(table));
        var options = new LoadOptions();
        // Layers of float32 are not the reference's bits; all paths have the same ones.
        float[][]? expected = HasFloatLayers(graph, options) ? null : Run(reference, graph, options, image);
        foreach (IntegerPath path in IntegerPaths.Of(InstructionSets.Best))
        {
            foreach (int threads in (int[])[1, 3])
            {
                using var backend = new CpuBackend(threads);
                float[][] found = Run(backend, graph, options with { IntegerPath = path }, image);
                expected ??= found;
                for (int i = 0; i < expected.Length; i++)
                {
                    int at = expected[i].AsSpan().CommonPrefixLength(found[i]);
                    Assert.True(
                        at == expected[i].Length,
                        $"{made.Description}, {path}, {threads} threads, output {i}, element {at} of {expected[i].Length}: "
                        + $"{(at < expected[i].Length ? $"{expected[i][at]} expected, {found[i][at]} found" : "")}");
                }
            }
        }
    }

    private static bool HasFloatLayers(Graph graph, LoadOptions options) =>
        StandardPasses.Apply(graph, options).Nodes.Any(node => !node.IsInteger && node.Op is not (InputOp or QuantizeOp or DequantizeOp));

    // The result, and what a convolution makes of it: without a convolution behind it a layer would stay in float32.
    private static Graph WithReader(Graph graph)
    {
        Tensor result = graph.Outputs[0];
        var weight = new Parameter("reader.weight", [3, result.Shape.C, 1, 1], () =>
            RandomLayers.Values(1, "reader", 3 * result.Shape.C, -1, 1));
        Tensor reader = Tensor.Create(new Conv2dOp(weight, null, 1, default, 1, 1), [result], "reader");
        return graph.WithOutputs(_ => [reader, result]);
    }

    private static float[][] Run(IBackend backend, Graph graph, LoadOptions options, float[] image)
    {
        using Model model = backend.Load(graph, options);
        using Plan plan = model.Plan(graph.Input.Shape.N, graph.Input.Shape.H, graph.Input.Shape.W);
        plan.Input.CopyFrom(image);
        plan.Execute();
        return [.. plan.Outputs.Select(output => output.ToArray())];
    }
}
