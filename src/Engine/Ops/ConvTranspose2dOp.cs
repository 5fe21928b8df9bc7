using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>Transposed convolution without groups or output padding: weight [C, K, R, S], optional bias [K].</summary>
internal sealed record ConvTranspose2dOp(Parameter Weight, Parameter? Bias, int Stride, int Padding) : ActivatedOp
{
    /// <inheritdoc/>
    public override string Name => "conv_transpose2d";

    /// <summary>
    /// Set where the weights are integers: what those of each output channel are multiplied by. The bias stays in real units.
    /// </summary>
    public Parameter? WeightScale { get; init; }

    /// <summary>Output channels.</summary>
    public int K => Weight.Dims[1];

    /// <summary>Input channels.</summary>
    public int C => Weight.Dims[0];

    /// <summary>Kernel height.</summary>
    public int R => Weight.Dims[2];

    /// <summary>Kernel width.</summary>
    public int S => Weight.Dims[3];

    /// <inheritdoc/>
    public override IEnumerable<Parameter> Parameters => new[] { Weight, Bias, WeightScale }.OfType<Parameter>();

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        Shape x = inputs[0];
        ExpectChannels(x, C);
        int height = ((x.H - 1) * Stride) - (2 * Padding) + R, width = ((x.W - 1) * Stride) - (2 * Padding) + S;
        if (height < 1 || width < 1) throw new ShapeException($"an input of {x.H} x {x.W} leaves nothing after cropping {Padding}");
        return new Shape(x.N, K, height, width);
    }

    /// <inheritdoc/>
    public override long Macs(ReadOnlySpan<Shape> inputs, Shape output) => inputs[0].Count * K * R * S;
}
