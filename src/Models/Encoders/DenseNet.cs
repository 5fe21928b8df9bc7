using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// DenseNet (Huang et al. 2016, arXiv:1608.06993) with the module names of torchvision. A feature is read inside a transition, before the
/// convolution and the pooling, which so belong to the next stage.
/// </summary>
internal sealed class DenseNet(WeightScope w, DenseNetVariant variant, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, variant.StemWidth, .. Enumerable.Range(0, 4).Select(variant.BlockWidth)],
    Stages(w["features"], variant, options.InChannels))
{
    /// <summary>The members of the family by their names in the library.</summary>
    public static readonly IReadOnlyDictionary<string, DenseNetVariant> Variants = new Dictionary<string, DenseNetVariant>
    {
        ["densenet121"] = new([6, 12, 24, 16]),
        ["densenet169"] = new([6, 12, 32, 32]),
        ["densenet201"] = new([6, 12, 48, 32]),
        ["densenet161"] = new([6, 12, 36, 24], Growth: 48, StemWidth: 96),
    };

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, DenseNetVariant variant, int inChannels) =>
    [
        () => [],
        () =>
        [
            new Conv2d(w["conv0"], inChannels, variant.StemWidth, kernelSize: 7, stride: 2, padding: 3, bias: false),
            new BatchNorm2d(w["norm0"], variant.StemWidth),
            new Activate(w["relu0"], Activation.ReLU),
        ],
        () => [new MaxPool2d(w["pool0"], kernelSize: 3, stride: 2, padding: 1), .. Block(w, variant, 0)],
        () => [.. Down(w, variant, 0), .. Block(w, variant, 1)],
        () => [.. Down(w, variant, 1), .. Block(w, variant, 2)],
        () => [.. Down(w, variant, 2), .. Block(w, variant, 3)],
    ];

    // A dense block and the batch norm after it: a transition's, or the last one, which no ReLU follows.
    private static Layer[] Block(WeightScope w, DenseNetVariant variant, int index)
    {
        WeightScope block = w[$"denseblock{index + 1}"];
        int inChannels = index == 0 ? variant.StemWidth : variant.BlockWidth(index - 1) / 2, outChannels = variant.BlockWidth(index);
        Layer[] dense = [.. Enumerable.Range(0, variant.Depths[index]).Select(i =>
            new DenseLayer(block[$"denselayer{i + 1}"], inChannels + (i * variant.Growth), variant.Growth))];
        WeightScope transition = w[$"transition{index + 1}"];
        return index < 3
            ? [.. dense, new BatchNorm2d(transition["norm"], outChannels), new Activate(transition["relu"], Activation.ReLU)]
            : [.. dense, new BatchNorm2d(w["norm5"], outChannels)];
    }

    private static Layer[] Down(WeightScope w, DenseNetVariant variant, int index)
    {
        WeightScope transition = w[$"transition{index + 1}"];
        int channels = variant.BlockWidth(index);
        return
        [
            new Conv2d(transition["conv"], channels, channels / 2, kernelSize: 1, bias: false),
            new AvgPool2d(transition["pool"], kernelSize: 2, stride: 2),
        ];
    }
}

/// <summary>A member of the DenseNet family: layers of each block, channels that a layer adds, channels of the first convolution.</summary>
internal sealed record DenseNetVariant(IReadOnlyList<int> Depths, int Growth = 32, int StemWidth = 64)
{
    /// <summary>Channels after a dense block; the transition to the next one halves them.</summary>
    public int BlockWidth(int index) =>
        (index == 0 ? StemWidth : BlockWidth(index - 1) / 2) + (Depths[index] * Growth);
}

/// <summary>Batch norm, ReLU and a convolution, twice: 1x1 and 3x3. The result is put beside the input.</summary>
internal sealed class DenseLayer(WeightScope w, int inChannels, int growth) : Layer(w)
{
    private const int Bottleneck = 4;
    private readonly BatchNorm2d _norm1 = new(w["norm1"], inChannels);
    private readonly Activate _relu1 = new(w["relu1"], Activation.ReLU);
    private readonly Conv2d _conv1 = new(w["conv1"], inChannels, Bottleneck * growth, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _norm2 = new(w["norm2"], Bottleneck * growth);
    private readonly Activate _relu2 = new(w["relu2"], Activation.ReLU);
    private readonly Conv2d _conv2 = new(w["conv2"], Bottleneck * growth, growth, kernelSize: 3, padding: 1, bias: false);

    protected override Tensor Compute(Tensor x)
    {
        Tensor reduced = _conv1.Forward(_relu1.Forward(_norm1.Forward(x)));
        return Tensor.Cat(x, _conv2.Forward(_relu2.Forward(_norm2.Forward(reduced))));
    }
}
