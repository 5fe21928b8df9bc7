using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// Which tensors are never made, because the kernels of others do their work on the way: a squeeze-and-excite block is one operation,
/// a channel gate is multiplied as a convolution reads, a convolution reads through a doubling of the picture, and a
/// product takes the sum after it along. Outputs are always made.
/// </summary>
internal sealed class Fusions
{
    private readonly Graph _graph;
    private readonly PrecisionKernels _kernels;
    private readonly HashSet<Tensor> _virtual = [];
    private readonly Dictionary<Tensor, SqueezeExciteBlock> _blocks = [];
    private readonly Dictionary<Tensor, ConvInput> _inputs = [];
    private readonly Dictionary<Tensor, (Tensor Product, Tensor Added)> _sums = [];

    public Fusions(Graph graph, PrecisionKernels kernels, bool fuse)
    {
        (_graph, _kernels) = (graph, kernels);
        if (!fuse) return;
        foreach (Tensor node in graph.Nodes)
        {
            FindSqueezeExcite(node);
            FindConvInput(node);
            FindProductAndSum(node);
        }
    }

    /// <summary>Whether a tensor is never made.</summary>
    public bool IsVirtual(Tensor tensor) => _virtual.Contains(tensor);

    /// <summary>The block whose gate a tensor is; null if it is made as any other.</summary>
    public SqueezeExciteBlock? BlockOf(Tensor tensor) => _blocks.GetValueOrDefault(tensor);

    /// <summary>What a convolution reads in its input's stead.</summary>
    public ConvInput InputOf(Tensor convolution) => _inputs.TryGetValue(convolution, out ConvInput? input) ? input : new ConvInput(convolution.Inputs[0]);

    /// <summary>The product that a sum adds something to in the same launch, and what it adds; null for any other sum.</summary>
    public (Tensor Product, Tensor Added)? ProductOf(Tensor sum) => _sums.TryGetValue(sum, out (Tensor Product, Tensor Added) parts) ? parts : null;

    // Global average, 1x1 convolution with an activation, 1x1 convolution with a sigmoid.
    private void FindSqueezeExcite(Tensor node)
    {
        if (node.Op is not Conv2dOp { R: 1, S: 1, Groups: 1, Stride: 1, Residual: false, Activation: Activation.Sigmoid } expand || !SqueezeExcite.Takes(expand)) return;
        Tensor hidden = node.Inputs[0];
        if (!IsInner(hidden) || hidden.Op is not Conv2dOp { R: 1, S: 1, Groups: 1, Stride: 1, Residual: false } reduce) return;
        Tensor pooled = hidden.Inputs[0];
        if (!IsInner(pooled) || pooled.Op is not AdaptiveAvgPool2dOp { OutputSize: 1 } || pooled.Inputs[0] == _graph.Input) return;
        if (expand.Padding != default || reduce.Padding != default || pooled.Shape.C != node.Shape.C || pooled.Shape.C == 1) return;
        _virtual.Add(hidden);
        _virtual.Add(pooled);
        _blocks.Add(node, new SqueezeExciteBlock(pooled.Inputs[0], reduce, expand));
    }

    private void FindConvInput(Tensor node)
    {
        if (node.Op is not Conv2dOp conv || !IsInner(node.Inputs[0])) return;
        Tensor input = node.Inputs[0];
        if (conv.Residual && node.Inputs[1] == input) return;
        if (input.Op is UpsampleNearestOp upsample && TiledConv.TakesUpsampled(conv, upsample, _kernels) && input.Inputs[0] != _graph.Input)
        {
            _inputs.Add(node, new ConvInput(input.Inputs[0], Upsampled: true));
            _virtual.Add(input);
        }
        else if (IsGated(input) && TiledConv.TakesGate(conv, _kernels) && !LinearConv.Takes(node, conv))
        {
            _inputs.Add(node, new ConvInput(input.Inputs[0], Gate: input.Inputs[1]));
            _virtual.Add(input);
        }
    }

    // A gated map and a shortcut, as residual blocks with squeeze-and-excite end.
    private void FindProductAndSum(Tensor node)
    {
        if (node.Op is not AddOp || node.Inputs[0].Shape != node.Inputs[1].Shape || node.Inputs[0] == node.Inputs[1]) return;
        foreach ((Tensor product, Tensor added) in ((Tensor, Tensor)[])[(node.Inputs[0], node.Inputs[1]), (node.Inputs[1], node.Inputs[0])])
        {
            if (product.Op is not MulOp { Activation: Activation.None } || !IsInner(product)) continue;
            _sums.Add(node, (product, added));
            _virtual.Add(product);
            return;
        }
    }

    private bool IsGated(Tensor node) => node.Op is MulOp { Activation: Activation.None } && node.Shape.C > 1
        && node.Inputs[0] != _graph.Input && node.Inputs[1] != _graph.Input && node.Inputs[0].Shape == node.Shape
        && node.Inputs[1].Shape is { H: 1, W: 1 } && node.Inputs[1].Shape.C == node.Shape.C && (node.Shape.H > 1 || node.Shape.W > 1);

    // Read once, and no output (being one counts as a reader).
    private bool IsInner(Tensor tensor) => _graph.Consumers[tensor] == 1 && !_graph.Outputs.Contains(tensor);
}
