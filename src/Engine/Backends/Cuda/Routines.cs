using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Chooses the routines of a graph; an operation that no kernel computes is an error that names it and its path.</summary>
internal static class Routines
{
    public static IReadOnlyList<Routine> Choose(Graph graph, PrecisionKernels kernels, bool fuse)
    {
        var fusions = new Fusions(graph, kernels, fuse);
        List<Routine> routines = [];
        foreach (Tensor node in graph.Nodes.Skip(1).Where(node => !fusions.IsVirtual(node))) routines.Add(Of(node, graph, fusions, kernels));
        bool unpacked = graph.Outputs.Contains(graph.Input) || routines.Any(routine => !routine.ReadsPlanar && routine.Reads.Contains(graph.Input));
        if (unpacked) routines.Insert(0, new FromPlanar(graph.Input, kernels));
        return routines;
    }

    private static Routine Of(Tensor node, Graph graph, Fusions fusions, PrecisionKernels kernels) => node.Op switch
    {
        Conv2dOp when fusions.BlockOf(node) is { } block => new SqueezeExcite(node, block, kernels),
        Conv2dOp op => Convolution(node, op, graph, fusions, kernels),
        ConvTranspose2dOp op => TransposedConv.Choose(node, op, kernels),
        BatchNormOp or ActivationOp => new PerChannel(node, kernels),
        GroupNormOp op => new GroupNorm(node, op, kernels),
        MaxPool2dOp op => new MaxPool2d(node, op, kernels),
        AdaptiveAvgPool2dOp op => new AdaptiveAvgPool2d(node, op, kernels),
        UpsampleNearestOp op => new UpsampleNearest(node, op, kernels),
        UpsampleBilinearOp op => new UpsampleBilinear(node, op, kernels),
        ConcatOp => new Concat(node, kernels),
        AddOp or MulOp => new Elementwise(node, fusions.ProductOf(node), kernels),
        PositionAttentionOp => new PositionAttention(node, kernels),
        _ => throw new DeviceException($"the CUDA backend has no kernel for {node.Op.Name} at {node.Path}"),
    };

    private static Routine Convolution(Tensor node, Conv2dOp op, Graph graph, Fusions fusions, PrecisionKernels kernels)
    {
        if (PlanarConv.Takes(node, op, graph, kernels)) return new PlanarConv(node, op, kernels);
        if (DepthwiseConv.Takes(op)) return new DepthwiseConv(node, op, kernels);
        if (HeadConv.Takes(op)) return new HeadConv(node, op, kernels);
        if (LinearConv.Takes(node, op)) return new LinearConv(node, op, kernels);
        return (Routine?)TiledConv.TryOf(node, op, fusions.InputOf(node), kernels) ?? DirectConv.Of(node, op, kernels);
    }
}
