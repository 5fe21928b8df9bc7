using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>Mobile inverted bottleneck with squeeze-and-excitation. Drop-connect is identity at inference.</summary>
internal sealed class MBConvBlock(WeightScope w, MBConvShape shape) : Layer(w)
{
    public const float Eps = 1e-3f;

    private readonly Conv2d? _expandConv = shape.Expand == 1 ? null
        : new(w["_expand_conv"], shape.InChannels, shape.Width, kernelSize: 1, bias: false);
    private readonly BatchNorm2d? _bn0 = shape.Expand == 1 ? null : new(w["_bn0"], shape.Width, Eps);
    private readonly Conv2d _depthwiseConv = new(
        w["_depthwise_conv"], shape.Width, shape.Width, shape.KernelSize,
        shape.Stride, shape.Padding, groups: shape.Width, bias: false);
    private readonly BatchNorm2d _bn1 = new(w["_bn1"], shape.Width, Eps);
    private readonly Conv2d _seReduce = new(w["_se_reduce"], shape.Width, shape.Squeezed, kernelSize: 1);
    private readonly Conv2d _seExpand = new(w["_se_expand"], shape.Squeezed, shape.Width, kernelSize: 1);
    private readonly Conv2d _projectConv = new(w["_project_conv"], shape.Width, shape.OutChannels, kernelSize: 1, bias: false);
    private readonly BatchNorm2d _bn2 = new(w["_bn2"], shape.OutChannels, Eps);
    private readonly Activate _swish = new(w["_swish"], Activation.SiLU);

    protected override Tensor Compute(Tensor x)
    {
        Tensor expanded = _expandConv is null ? x : _swish.Forward(_bn0!.Forward(_expandConv.Forward(x)));
        Tensor depthwise = _swish.Forward(_bn1.Forward(_depthwiseConv.Forward(expanded)));
        Tensor squeezed = _seExpand.Forward(_swish.Forward(_seReduce.Forward(depthwise.AdaptiveAvgPool2d(1))));
        Tensor projected = _bn2.Forward(_projectConv.Forward(depthwise.Mul(squeezed.Sigmoid())));
        return shape.HasSkip ? projected.Add(x) : projected;
    }
}

/// <summary>
/// What a block is made of. <paramref name="ImageSize"/> is the size that its padding is computed for, whatever the map that it reads.
/// </summary>
internal sealed record MBConvShape(int InChannels, int OutChannels, int Expand, int KernelSize, int Stride, int ImageSize)
{
    private const int SqueezeRatio = 4;

    public int Width => InChannels * Expand;

    public int Squeezed => Math.Max(InChannels / SqueezeRatio, 1);

    public bool HasSkip => Stride == 1 && InChannels == OutChannels;

    public Padding Padding => StaticPadding(KernelSize, Stride, ImageSize);

    /// <summary>TensorFlow's "same" padding for an image size: where the total is odd, right and bottom get the extra pixel.</summary>
    public static Padding StaticPadding(int kernelSize, int stride, int imageSize)
    {
        int outputSize = (imageSize + stride - 1) / stride;
        int total = Math.Max(((outputSize - 1) * stride) + kernelSize - imageSize, 0);
        int before = total / 2, after = total - before;
        return new Padding(before, before, after, after);
    }
}
