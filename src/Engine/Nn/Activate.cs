using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>An activation that is a module of its own in the reference, such as <c>nn.ReLU</c>.</summary>
internal sealed class Activate(WeightScope w, Activation function) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => x.ApplyAt(Path, new ActivationOp(function));
}
