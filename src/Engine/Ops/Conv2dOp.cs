using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>
/// Convolution, in PyTorch's terms: weight [K, C/groups, R, S], optional bias [K], square stride and dilation. With
/// <see cref="Residual"/> a second input of the result's shape is added before the activation.
/// </summary>
internal sealed record Conv2dOp(Parameter Weight, Parameter? Bias, int Stride, Padding Padding, int Dilation, int Groups) : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "conv2d";

    /// <summary>Whether a second input is added to the result; set by a pass.</summary>
    public bool Residual { get; init; }

    /// <summary>
    /// Set where the weights are integers: what those of each output channel are multiplied by. The bias stays in real units.
    /// </summary>
    public Parameter? WeightScale { get; init; }

    /// <summary>Output channels.</summary>
    public int K => Weight.Dims[0];

    /// <summary>Input channels.</summary>
    public int C => Weight.Dims[1] * Groups;

    /// <summary>Kernel height.</summary>
    public int R => Weight.Dims[2];

    /// <summary>Kernel width.</summary>
    public int S => Weight.Dims[3];

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => new[] { Weight, Bias, WeightScale }.OfType<Parameter>();

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, Residual ? 2 : 1);
        Shape x = inputs[0];
        ExpectChannels(x, C);
        int height = Extent(x.H + Padding.Top + Padding.Bottom, R), width = Extent(x.W + Padding.Left + Padding.Right, S);
        if (height < 1 || width < 1)
            throw new ShapeException($"an input of {x.H} x {x.W} is smaller than the {R} x {S} kernel with dilation {Dilation}");
        var result = new Shape(x.N, K, height, width);
        if (Residual && inputs[1] != result) throw new ShapeException($"expected a residual of {result}, found {inputs[1]}");
        return result;
    }

    /// <inheritdoc/>
    public override long Macs(ReadOnlySpan<Shape> inputs, Shape output) => output.Count * Weight.Dims[1] * R * S;

    private int Extent(int padded, int kernel) => (padded - (Dilation * (kernel - 1)) - 1 + Stride) / Stride;
}
