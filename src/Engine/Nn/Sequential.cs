using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>Layers one after the other.</summary>
internal class Sequential(WeightScope w, params IReadOnlyList<Layer> layers) : Layer(w)
{
    /// <inheritdoc/>
    protected override Tensor Compute(Tensor x) => layers.Aggregate(x, (tensor, layer) => layer.Forward(tensor));
}
