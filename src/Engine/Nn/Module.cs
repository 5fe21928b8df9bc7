using LungSeg.Engine.Weights;

namespace LungSeg.Engine.Nn;

/// <summary>A part of a network that has a place in the checkpoint.</summary>
internal abstract class Module(WeightScope w)
{
    /// <summary>PyTorch's module path, such as <c>decoder.aspp.0.convs.1.0</c>.</summary>
    public string Path { get; } = w.Path;

    /// <summary>Runs the module's body under its path and taps the result; any tensor of the trace tells which trace.</summary>
    protected Tensor Traced(Tensor any, Func<Tensor> body) => TraceOf(any).Call(Path, body);

    /// <summary>The recording that a tensor belongs to.</summary>
    protected static Trace TraceOf(Tensor tensor) =>
        tensor.Trace ?? throw new InvalidOperationException("modules run only while a graph is traced");
}
