using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Passes;

/// <summary>Moves an activation into the operation before it, which applies it as it stores.</summary>
internal static class FuseActivation
{
    /// <summary>Fuses wherever nothing else reads the result before the activation.</summary>
    public static Graph Apply(Graph graph) => graph.Rewrite((node, inputs) =>
        node.Op is ActivationOp activation
        && graph.Consumers[node.Inputs[0]] == 1
        && inputs[0].Op is ActivatedOp { Activation: Activation.None } producer
            ? Tensor.Create(producer with { Activation = activation.Function }, inputs[0].Inputs, inputs[0].Path)
            : Tensor.Create(node.Op, inputs, node.Path));
}
