using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu;

/// <summary>What the CPU's kernels do on the way.</summary>
internal sealed class CpuFusion : IFusionTarget
{
    public static CpuFusion Instance { get; } = new();

    public bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor) => pattern switch
    {
        // A 1x1 convolution reads pixels where they lie: neither planar ones, nor one several times.
        FusionPatterns.Concatenation => !IsProduct(reader.Op) || !tensor.Inputs.Contains(graph.Input),
        FusionPatterns.NearestUpsampling => !IsProduct(reader.Op),
        FusionPatterns.Gate => !FusionPredicates.IsDepthwise(reader.Op),
        FusionPatterns.GatedSum => FusionPredicates.IsGate(graph, tensor),
        FusionPatterns.PooledSums => FusionPredicates.IsDepthwise(tensor.Op) || IsPointwise(graph, tensor),
        FusionPatterns.BilinearUpsampling or FusionPatterns.PooledBranch => true,
        FusionPatterns.Expansion or FusionPatterns.FirstLayer or FusionPatterns.Head or FusionPatterns.InPlace => true,
        _ => false,
    };

    /// <summary>Whether a convolution is computed as a matrix product of pixels where they lie.</summary>
    public static bool IsPointwise(Graph graph, Tensor node) => FusionPredicates.IsPointwise(node.Op) && node.Inputs[0] != graph.Input;

    private static bool IsProduct(Op reader) => reader is Conv2dOp { R: 1, S: 1 } && !FusionPredicates.IsDepthwise(reader);
}
