using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) with the module names of torchvision.</summary>
internal sealed class MobileNetV2(WeightScope w, EncoderOptions options) : Encoder(
    w, options,
    [options.InChannels, 16, 24, 32, 96, LastWidth],
    Stages(w["features"], options.InChannels))
{
    private const int StemWidth = 32, LastWidth = 1280;

    // The paper's table 2.
    private static readonly (int Expand, int Channels, int Repeats, int Stride)[] Rows =
        [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

    private static Func<IReadOnlyList<Layer>>[] Stages(WeightScope w, int inChannels)
    {
        var blocks = new List<Func<Layer>> { () => new ConvBnReLU6(w[0], inChannels, StemWidth, kernelSize: 3, stride: 2) };
        int before = StemWidth;
        foreach ((int expand, int channels, int repeats, int rowStride) in Rows)
        {
            for (int i = 0; i < repeats; i++)
            {
                int index = blocks.Count, from = before, stride = i == 0 ? rowStride : 1;
                blocks.Add(() => new MobileNetV2Block(w[index], from, channels, expand, stride));
                before = channels;
            }
        }
        int last = blocks.Count;
        blocks.Add(() => new ConvBnReLU6(w[last], Rows[^1].Channels, LastWidth, kernelSize: 1));
        int[] ends = [0, 2, 4, 7, 14, blocks.Count];
        return [() => [], .. Enumerable.Range(0, 5).Select(i => (Func<IReadOnlyList<Layer>>)(() =>
            [.. blocks[ends[i]..ends[i + 1]].Select(block => block())]))];
    }
}

/// <summary>Inverted residual: expansion, depthwise 3x3, projection, and a shortcut where the shape stays.</summary>
internal sealed class MobileNetV2Block : Layer
{
    private readonly Sequential _conv;
    private readonly bool _hasSkip;

    public MobileNetV2Block(WeightScope w, int inChannels, int outChannels, int expand, int stride) : base(w)
    {
        WeightScope conv = w["conv"];
        int width = inChannels * expand;
        var layers = new List<Layer>();
        if (expand > 1) layers.Add(new ConvBnReLU6(conv[0], inChannels, width, kernelSize: 1));
        layers.Add(new ConvBnReLU6(conv[layers.Count], width, width, kernelSize: 3, stride, groups: width));
        layers.Add(new Conv2d(conv[layers.Count], width, outChannels, kernelSize: 1, bias: false));
        layers.Add(new BatchNorm2d(conv[layers.Count], outChannels));
        _conv = new Sequential(conv, layers);
        _hasSkip = stride == 1 && inChannels == outChannels;
    }

    protected override Tensor Compute(Tensor x) => _hasSkip ? x.Add(_conv.Forward(x)) : _conv.Forward(x);
}

/// <summary>Convolution, batch norm, ReLU6.</summary>
internal sealed class ConvBnReLU6(WeightScope w, int inChannels, int outChannels, int kernelSize, int stride = 1,
    int groups = 1) : Sequential(
    w,
    new Conv2d(w[0], inChannels, outChannels, kernelSize, stride, padding: kernelSize / 2, groups: groups, bias: false),
    new BatchNorm2d(w[1], outChannels),
    new Activate(w[2], Activation.ReLU6));
