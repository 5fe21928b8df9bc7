using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>A module from one tensor to one tensor.</summary>
internal abstract class Layer(WeightScope w) : Module(w)
{
    /// <summary>Applies the layer.</summary>
    public Tensor Forward(Tensor x) => Traced(x, () => Compute(x));

    /// <summary>What the layer computes.</summary>
    protected abstract Tensor Compute(Tensor x);
}
