using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>What the CPU's kernels do on the way in a network of integers.</summary>
internal sealed class Int8Fusion : IFusionTarget
{
    public static Int8Fusion Instance { get; } = new();

    public bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor)
    {
        if (!reader.IsInteger) return !tensor.IsInteger && CpuFusion.Instance.Takes(pattern, graph, reader, tensor);
        return pattern is FusionPatterns.Concatenation or FusionPatterns.NearestUpsampling && !FusionPredicates.IsDepthwise(reader.Op);
    }
}
