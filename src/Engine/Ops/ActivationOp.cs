namespace LungSeg.Engine.Ops;

/// <summary>An activation of its own, element by element.</summary>
internal sealed record ActivationOp(Activation Function) : Op
{
    /// <inheritdoc/>
    public override string Name => Function == Activation.None ? "identity" : Function.TorchName();

    /// <inheritdoc/>
    public override Shape Infer(ReadOnlySpan<Shape> inputs)
    {
        Expect(inputs, 1);
        return inputs[0];
    }
}
