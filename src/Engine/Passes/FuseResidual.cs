using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Passes;

/// <summary>Turns a convolution followed by an addition into a convolution that adds the other operand as it stores.</summary>
internal static class FuseResidual
{
    /// <summary>Fuses wherever nothing else reads the convolution's own result; of two candidates the later one.</summary>
    public static Graph Apply(Graph graph)
    {
        Dictionary<Tensor, int> position = graph.Nodes.Select((node, index) => (node, index)).ToDictionary(p => p.node, p => p.index);
        return graph.Rewrite((node, inputs) =>
        {
            if (node.Op is AddOp add && inputs[0].Shape == inputs[1].Shape)
            {
                // The later convolution: its sum is stored while the other operand has long been ready.
                int first = position[node.Inputs[0]] > position[node.Inputs[1]] ? 0 : 1;
                foreach (int side in (ReadOnlySpan<int>)[first, 1 - first])
                {
                    Tensor conv = inputs[side];
                    if (graph.Consumers[node.Inputs[side]] == 1 && conv.Op is Conv2dOp { Residual: false, Activation: Activation.None } op)
                        return Tensor.Create(op with { Residual = true, Activation = add.Activation }, [conv.Inputs[0], inputs[1 - side]],
                            conv.Path);
                }
            }
            return Tensor.Create(node.Op, inputs, node.Path);
        });
    }
}
