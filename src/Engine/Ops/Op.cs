using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Ops;

/// <summary>An operation: its parameters, its shape rule and its cost. Semantics are PyTorch's, in logical NCHW.</summary>
internal abstract record Op
{
    /// <summary>PyTorch's name for the operation, such as <c>conv2d</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The weights that the operation reads.</summary>
    public virtual IEnumerable<Parameter> Parameters => [];

    /// <summary>The result's shape; throws <see cref="ShapeException"/> for inputs that do not fit.</summary>
    public abstract Shape Infer(ReadOnlySpan<Shape> inputs);

    /// <summary>Multiply-accumulates, counted as the field does: convolutions and matrix products alone.</summary>
    public virtual long Macs(ReadOnlySpan<Shape> inputs, Shape output) => 0;

    /// <summary>Whether the data of an input is read; if not, only its shape matters.</summary>
    public virtual bool ReadsInput(int index) => true;

    /// <summary>Throws unless there are as many inputs as the operation takes.</summary>
    private protected static void Expect(ReadOnlySpan<Shape> inputs, int count)
    {
        if (inputs.Length != count) throw new ShapeException($"expected {count} inputs, found {inputs.Length}");
    }

    /// <summary>Throws unless an input has the number of channels that the weights are made for.</summary>
    private protected static void ExpectChannels(Shape input, int channels)
    {
        if (input.C != channels) throw new ShapeException($"expected {channels} input channels, found {input}");
    }
}

/// <summary>An operation whose result can pass through an activation before it is stored.</summary>
internal abstract record ActivatedOp : Op
{
    /// <summary>Applied to the result; none unless a pass has fused one.</summary>
    public Activation Activation { get; init; }

    /// <summary>For an integer result that passes through a table: how the value before the activation is rounded to a byte.</summary>
    public Quantization? Before { get; init; }
}
