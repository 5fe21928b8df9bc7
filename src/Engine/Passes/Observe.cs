using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Passes;

/// <summary>Makes a folded graph whose outputs are the values that quantisation wants to know the ranges of.</summary>
internal static class Observe
{
    /// <summary>
    /// The graph with every node's result as an output, and for a node whose activation is a table its value before that besides. Each
    /// comes with the node's name in the folded graph.
    /// </summary>
    public static (Graph Graph, IReadOnlyList<(string Name, bool Before)> Values) Apply(Graph folded)
    {
        IReadOnlyDictionary<Tensor, string> names = NodeNames.Of(folded);
        var outputs = new List<Tensor>();
        var values = new List<(string Name, bool Before)>();
        Graph split = folded.Rewrite((node, inputs) =>
        {
            Tensor result = Tensor.Create(node.Op, inputs, node.Path);
            if (Quantize.HasTable(node.Op) && node.Op is ActivatedOp op)
            {
                Tensor before = Tensor.Create(op with { Activation = Activation.None }, inputs, $"{node.Path}.before");
                outputs.Add(before);
                values.Add((names[node], true));
                result = Tensor.Create(new ActivationOp(op.Activation), [before], node.Path);
            }
            outputs.Add(result);
            values.Add((names[node], false));
            return result;
        });
        return (split.WithOutputs(_ => outputs), values);
    }
}
