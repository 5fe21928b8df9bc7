using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Backends.Reference;

/// <summary>
/// An <see cref="OperationCase"/> in integers, quantised by the ranges of its own input. Every path of the CPU must give the reference's
/// bits; where layers stay in float32, which the reference computes otherwise, all paths must give the same ones.
/// </summary>
internal sealed class IntegerCase
{
    private readonly float[] _image;
    private float[][]? _expected;

    private IntegerCase(OperationCase made, Graph graph, float[] image, float[][]? expected) =>
        (Description, Graph, _image, _expected) = (made.Description, graph, image, expected);

    /// <summary>What is computed, and the seed.</summary>
    public string Description { get; }

    /// <summary>
    /// The quantised graph: the operation, and, if asked for, a convolution behind it, without which a layer would stay in float32.
    /// </summary>
    public Graph Graph { get; }

    /// <summary>Quantises a case and computes it on the reference.</summary>
    public static IntegerCase Of(OperationCase made, bool isRead = true)
    {
        Graph graph = isRead ? WithReader(made.Graph) : made.Graph;
        float[] image = made.Input(graph.Input.Shape);
        using var reference = new ReferenceBackend();
        graph = graph.WithQuantization(new NetworkQuantization(MinMaxCalibration.Of(graph, reference, [image])));
        float[][]? expected = HasFloatLayers(graph) ? null : Run(reference, graph, new LoadOptions(), image);
        return new IntegerCase(made, graph, image, expected);
    }

    /// <summary>Computes the case; returns how the result differs, or null where no bit does.</summary>
    public string? Fault(IBackend backend, LoadOptions options)
    {
        float[][] found = Run(backend, Graph, options, _image);
        _expected ??= found;
        for (int i = 0; i < found.Length; i++)
        {
            int at = _expected[i].AsSpan().CommonPrefixLength(found[i]);
            if (at < _expected[i].Length)
                return $"output {i}, element {at} of {found[i].Length}: {_expected[i][at]:R} expected, {found[i][at]:R} found";
        }
        return null;
    }

    private static bool HasFloatLayers(Graph graph) => StandardPasses.Apply(graph, new LoadOptions()).Nodes
        .Any(node => !node.IsInteger && node.Op is not (InputOp or QuantizeOp or DequantizeOp));

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
