using LungSeg.Engine;
using LungSeg.Engine.Nn;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;

namespace LungSeg.Models.Encoders;

/// <summary>
/// A row of the tables by which timm builds mobile networks: blocks that start with a stride, an expansion of the input's channels, and a
/// squeeze-and-excitation if any.
/// </summary>
internal sealed record MobileRow(int KernelSize, int Stride, double Expand, int Channels, int Repeats = 1, bool Squeezes = false,
    Activation? Activation = null);

/// <summary>What the blocks of one network have in common.</summary>
/// <param name="Activation">The activation where a row names none.</param>
/// <param name="Eps">The batch norms' epsilon.</param>
/// <param name="PadsAfter">TensorFlow's padding: with a stride of 2, right and bottom get a pixel more than left and top.</param>
/// <param name="SqueezeOfInput">Whether the squeeze's width counts from the block's input, not from its expanded channels.</param>
/// <param name="Gate">The activation that makes the squeeze's gate.</param>
internal sealed record MobileStyle(Activation Activation, float Eps, bool PadsAfter, bool SqueezeOfInput, Activation Gate)
{
    /// <summary>Padding that keeps the size of a map of even sides, but for the stride.</summary>
    public Padding Padding(int kernelSize, int stride)
    {
        int before = PadsAfter ? (kernelSize - stride) / 2 : kernelSize / 2;
        int after = PadsAfter ? kernelSize - stride - before : before;
        return new Padding(before, before, after, after);
    }
}

/// <summary>
/// timm's inverted residual: expansion, depthwise, squeeze-and-excitation, projection; without an expansion, its depthwise separable
/// convolution, whose layers have other names.
/// </summary>
internal sealed class MobileBlock : Layer
{
    private readonly Conv2d? _expand;
    private readonly BatchNorm2d? _expandNorm;
    private readonly Conv2d _depthwise, _project;
    private readonly BatchNorm2d _depthwiseNorm, _projectNorm;
    private readonly Activate _act;
    private readonly MobileSqueezeExcite? _se;
    private readonly bool _hasSkip;

    public MobileBlock(WeightScope w, MobileRow row, MobileStyle style, int inChannels, int outChannels, int stride) : base(w)
    {
        // Rows without an expansion are depthwise separable.
        bool expands = row.Expand > 1;
        int width = expands ? Divisible.Round(inChannels * row.Expand) : inChannels;
        if (expands)
        {
            _expand = new(w["conv_pw"], inChannels, width, kernelSize: 1, bias: false);
            _expandNorm = new(w["bn1"], width, style.Eps);
        }
        _depthwise = new(
            w["conv_dw"], width, width, row.KernelSize, stride, style.Padding(row.KernelSize, stride), groups: width, bias: false);
        _depthwiseNorm = new(w[expands ? "bn2" : "bn1"], width, style.Eps);
        _act = new(w["act"], row.Activation ?? style.Activation);
        if (row.Squeezes)
        {
            int squeezed = style.SqueezeOfInput ? Math.Max((int)Math.Round(inChannels / 4.0), 1) : Divisible.Round(width / 4.0);
            _se = new(w["se"], width, squeezed, style.SqueezeOfInput ? style.Activation : Activation.ReLU, style.Gate);
        }
        _project = new(w[expands ? "conv_pwl" : "conv_pw"], width, outChannels, kernelSize: 1, bias: false);
        _projectNorm = new(w[expands ? "bn3" : "bn2"], outChannels, style.Eps);
        _hasSkip = stride == 1 && inChannels == outChannels;
    }

    protected override Tensor Compute(Tensor x)
    {
        Tensor expanded = _expand is null ? x : _act.Forward(_expandNorm!.Forward(_expand.Forward(x)));
        Tensor spatial = _act.Forward(_depthwiseNorm.Forward(_depthwise.Forward(expanded)));
        Tensor projected = _projectNorm.Forward(_project.Forward(_se?.Forward(spatial) ?? spatial));
        return _hasSkip ? projected.Add(x) : projected;
    }
}

/// <summary>Squeeze-and-excitation by timm's names.</summary>
internal sealed class MobileSqueezeExcite(WeightScope w, int channels, int squeezed, Activation activation, Activation gate) : Layer(w)
{
    private readonly Conv2d _convReduce = new(w["conv_reduce"], channels, squeezed, kernelSize: 1);
    private readonly Activate _act = new(w["act1"], activation);
    private readonly Conv2d _convExpand = new(w["conv_expand"], squeezed, channels, kernelSize: 1);
    private readonly Activate _gate = new(w["gate"], gate);

    protected override Tensor Compute(Tensor x) =>
        x.Mul(_gate.Forward(_convExpand.Forward(_act.Forward(_convReduce.Forward(x.AdaptiveAvgPool2d(1))))));
}
