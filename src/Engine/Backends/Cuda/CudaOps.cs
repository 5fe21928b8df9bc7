using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Chooses the ops of a graph; an operation that no kernel computes is an error that names it and its path.</summary>
internal static class CudaOps
{
    public static IReadOnlyList<CudaOp> Choose(FusionPlan plan, PrecisionKernels kernels)
    {
        Graph graph = plan.Graph;
        List<CudaOp> ops = [.. plan.Nodes.Select(node => Of(node, node.Node, graph, kernels))];
        bool unpacked = graph.Outputs.Contains(graph.Input)
            || plan.Nodes.Zip(ops, (node, op) => !op.ReadsPlanar && node.Reads.Contains(graph.Input)).Any(reads => reads);
        if (unpacked) ops.Insert(0, new FromPlanar(graph.Input, kernels));
        return ops;
    }

    private static CudaOp Of(FusedNode fused, Tensor node, Graph graph, PrecisionKernels kernels) => node.Op switch
    {
        Conv2dOp expand when fused.Producer is { Op: Conv2dOp reduce } =>
            new SqueezeExcite(node, new SqueezeExciteBlock(fused.Sources[0].Tensor, reduce, expand), kernels),
        Conv2dOp op => Convolution(fused, op, graph, kernels),
        ConvTranspose2dOp op => TransposedConv.Choose(node, op, kernels),
        BatchNormOp or ActivationOp => new PerChannel(node, kernels),
        GroupNormOp op => new GroupNorm(node, op, kernels),
        ChannelNormOp op => new ChannelNorm(node, op, kernels),
        MaxPool2dOp op => new MaxPool2d(node, op, kernels),
        AvgPool2dOp op => new AvgPool2d(node, op, kernels),
        AdaptiveAvgPool2dOp op => new AdaptiveAvgPool2d(node, op, kernels),
        UpsampleNearestOp op => new UpsampleNearest(node, op, kernels),
        UpsampleBilinearOp op => new UpsampleBilinear(node, op, kernels),
        ConcatOp => new Concat(node, kernels),
        SliceOp op => new ChannelSlice(node, op, kernels),
        SoftmaxOp op => new Softmax(node, op, kernels),
        AddOp or MulOp => new Elementwise(node, ProductOf(fused), kernels),
        PositionAttentionOp => new PositionAttention(node, kernels),
        _ => throw new DeviceException($"the CUDA backend has no kernel for {node.Op.Name} at {node.Path}"),
    };

    // The product that a sum adds something to in the same launch, and what it adds.
    private static (Tensor Product, Tensor Added)? ProductOf(FusedNode fused) =>
        fused.Addend is { } added ? (fused.Unstored[0], added) : null;

    private static CudaOp Convolution(FusedNode fused, Conv2dOp op, Graph graph, PrecisionKernels kernels)
    {
        Tensor node = fused.Node;
        if (PlanarConv.Takes(node, op, graph, kernels)) return new PlanarConv(node, op, kernels);
        if (DepthwiseConv.Takes(op)) return new DepthwiseConv(node, op, kernels);
        if (HeadConv.Takes(op)) return new HeadConv(node, op, kernels);
        if (LinearConv.Takes(node, op)) return new LinearConv(node, op, kernels);
        return (CudaOp?)TiledConv.TryOf(node, op, InputOf(fused.Sources[0]), kernels) ?? DirectConv.Of(node, op, kernels);
    }

    private static ConvInput InputOf(FusedSource source) => new(source.Tensor, source.Gate, source.Repeat > 1);
}
