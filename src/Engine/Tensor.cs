using LungSeg.Engine.Ops;

namespace LungSeg.Engine;

/// <summary>One node of a network: an operation, the tensors it reads, and the shape it gives. Holds no data.</summary>
public sealed class Tensor
{
    private Tensor(Op op, Shape shape, IReadOnlyList<Tensor> inputs, string path, Trace? trace, Quantization? quantization)
    {
        Op = op;
        Shape = shape;
        Inputs = inputs;
        Path = path;
        Trace = trace;
        Quantization = quantization;
    }

    /// <summary>The operation that computes this tensor.</summary>
    internal Op Op { get; }

    /// <summary>The shape for the graph's input shape.</summary>
    public Shape Shape { get; }

    /// <summary>What the operation reads, in its order.</summary>
    public IReadOnlyList<Tensor> Inputs { get; }

    /// <summary>PyTorch's module path, or the parent's path and the operation's name for a functional operation.</summary>
    public string Path { get; }

    /// <summary>Multiply-accumulates that the operation costs at this shape.</summary>
    public long Macs => Op.Macs(Shapes(Inputs), Shape);

    /// <summary>How the values are stored as bytes; null where they are stored as float32.</summary>
    internal Quantization? Quantization { get; }

    /// <summary>Whether the operation is computed in integers: it reads bytes.</summary>
    internal bool IsInteger => Op is not (DequantizeOp or InputOp) && Inputs.Count > 0 && Inputs[0].Quantization is not null;

    /// <summary>The recording that this tensor belongs to while modules run; none once passes have rewritten it.</summary>
    internal Trace? Trace { get; }

    /// <summary>Applies a functional operation to this tensor and <paramref name="others"/>.</summary>
    internal Tensor Apply(Op op, params ReadOnlySpan<Tensor> others) => ApplyAt(null, op, others);

    /// <summary>Concatenates along the channels, in the order given.</summary>
    internal static Tensor Cat(Tensor first, params ReadOnlySpan<Tensor> others) => first.Apply(new ConcatOp(), others);

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Op.Name} {Shape}";

    /// <summary>Applies a module's own operation, whose path is the module's; null stands for a functional operation.</summary>
    internal Tensor ApplyAt(string? path, Op op, params ReadOnlySpan<Tensor> others)
    {
        Trace trace = Trace ?? throw new InvalidOperationException("tensors grow only while a graph is traced");
        Tensor tensor = Create(op, [this, .. others], path ?? trace.FunctionalPath(op.Name), trace);
        trace.Add(tensor);
        return tensor;
    }

    internal static Tensor Create(
        Op op, IReadOnlyList<Tensor> inputs, string path, Trace? trace = null, Quantization? quantization = null)
    {
        try
        {
            return new Tensor(op, op.Infer(Shapes(inputs)), inputs, path, trace, quantization);
        }
        catch (ShapeException e)
        {
            throw new ShapeException($"{path} ({op.Name}): {e.Message}");
        }
    }

    private static Shape[] Shapes(IReadOnlyList<Tensor> tensors)
    {
        var shapes = new Shape[tensors.Count];
        for (int i = 0; i < shapes.Length; i++) shapes[i] = tensors[i].Shape;
        return shapes;
    }
}
