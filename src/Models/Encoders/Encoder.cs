using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>What a network asks of its encoder.</summary>
/// <param name="InChannels">Channels of the image.</param>
/// <param name="Depth">Stages that run, each half the size of the one before it: 3 to 5.</param>
/// <param name="OutputStride">How many times smaller the last map is than the image: 8, 16 or 32. Stages beyond it are dilated.</param>
/// <param name="KeepsUnusedStages">Whether a checkpoint holds the stages beyond <paramref name="Depth"/>.</param>
/// <param name="EfficientNetPadding">How the EfficientNets of efficientnet-pytorch pad.</param>
/// <param name="DilatesLate">
/// Whether the first block of a dilated stage keeps the dilation of the stage before, which is timm's own rule.
/// </param>
internal sealed record EncoderOptions(
    int InChannels = 3, int Depth = 5, int OutputStride = 32, bool KeepsUnusedStages = true,
    EfficientNetPadding EfficientNetPadding = EfficientNetPadding.OfLayer, bool DilatesLate = false)
{
    /// <summary>The first block of a stage, dilated by the rule of whose encoder it is.</summary>
    public Layer First(WeightScope w, Layer block) => DilatesLate ? new LateDilation(w, block) : block;
}

/// <summary>A block that takes half of the dilation that its stage has.</summary>
internal sealed class LateDilation(WeightScope w, Layer block) : Layer(w)
{
    protected override Tensor Compute(Tensor x) => TraceOf(x).Dilated(TraceOf(x).Dilation / 2, () => block.Forward(x));
}

/// <summary>
/// A classification network without its head, which hands out a feature map at each of its stages. Features are tapped as
/// <c>encoder.f1</c>, <c>encoder.f2</c> and so on; f0 is the input itself, or what a stage at the image's own size makes of it.
/// </summary>
internal abstract class Encoder : Module
{
    private readonly IReadOnlyList<IReadOnlyList<Layer>> _stages;
    private readonly EncoderOptions _options;

    /// <summary>
    /// Builds the stages in order; the first works at the image's own size and is empty in most encoders, each other one halves it.
    /// Stages beyond the depth are built for their weights alone and never run.
    /// </summary>
    /// <param name="w">Where the encoder's weights are.</param>
    /// <param name="options">What the network asks for.</param>
    /// <param name="outChannels">Channels of each stage's map.</param>
    /// <param name="stages">How to build each stage's layers.</param>
    protected Encoder(
        WeightScope w, EncoderOptions options, IReadOnlyList<int> outChannels, IReadOnlyList<Func<IReadOnlyList<Layer>>> stages) : base(w)
    {
        _options = options;
        IReadOnlyList<Layer>[] built = [.. stages.Take(options.KeepsUnusedStages ? stages.Count : options.Depth + 1)
            .Select(stage => stage())];
        _stages = built[..(options.Depth + 1)];
        OutChannels = [.. outChannels.Take(options.Depth + 1)];
    }

    /// <summary>The channels of each feature map, the input's first.</summary>
    public IReadOnlyList<int> OutChannels { get; }

    /// <summary>The feature map of each stage, the largest first.</summary>
    public IReadOnlyList<Tensor> Forward(Tensor x)
    {
        Trace trace = TraceOf(x);
        List<Tensor> features = [];
        foreach (IReadOnlyList<Layer> stage in _stages)
        {
            int level = features.Count, rate = (1 << level) / _options.OutputStride;
            x = trace.Within(Path, () =>
                trace.Dilated(rate > 1 ? rate : null, () => stage.Aggregate(x, (tensor, layer) => layer.Forward(tensor))));
            Tensor feature = trace.Within(Path, () => Feature(level, x));
            if (level > 0) trace.Tap($"{Path}.f{level}", feature);
            features.Add(feature);
        }
        return features;
    }

    /// <summary>What a decoder reads of a stage's result; the result itself in most encoders.</summary>
    protected virtual Tensor Feature(int level, Tensor stage) => stage;
}
