using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// A classification network without its head, which hands out a feature map at each of its stages. Features are tapped as
/// <c>encoder.f1</c>, <c>encoder.f2</c> and so on; f0 is the input itself.
/// </summary>
internal abstract class Encoder : Module
{
    private readonly IReadOnlyList<IReadOnlyList<Layer>> _stages;

    /// <summary>Takes the stages in order; those beyond <paramref name="depth"/> hold weights but are never run.</summary>
    protected Encoder(WeightScope w, IReadOnlyList<int> outChannels, IReadOnlyList<IReadOnlyList<Layer>> stages, int depth = 5) : base(w)
    {
        _stages = [.. stages.Take(depth)];
        OutChannels = [.. outChannels.Take(depth + 1)];
    }

    /// <summary>The channels of each feature map, the input's first.</summary>
    public IReadOnlyList<int> OutChannels { get; }

    /// <summary>The input and the feature map of each stage, the largest first.</summary>
    public IReadOnlyList<Tensor> Forward(Tensor x)
    {
        Trace trace = TraceOf(x);
        List<Tensor> features = [x];
        foreach (IReadOnlyList<Layer> stage in _stages)
        {
            x = trace.Within(Path, () => stage.Aggregate(x, (tensor, layer) => layer.Forward(tensor)));
            trace.Tap($"{Path}.f{features.Count}", x);
            features.Add(x);
        }
        return features;
    }
}
