using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cpu.Int8;

/// <summary>What the CPU's kernels do on the way in a network of integers.</summary>
internal sealed class Int8Fusion : IFusionTarget
{
    public static Int8Fusion Instance { get; } = new();

    public bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor)
    {
        if (pattern == FusionPatterns.InPlace) return true;
        if (!reader.IsInteger) return !tensor.IsInteger && CpuFusion.Instance.Takes(pattern, graph, reader, tensor);
        bool depthwise = FusionPredicates.IsDepthwise(reader.Op);
        // One whose result is no bytes is a grouped convolution like others.
        if (depthwise && reader.Quantization is null) return false;
        return pattern switch
        {
            FusionPatterns.Concatenation => !depthwise || tensor.Inputs.SkipLast(1).All(part => part.Shape.C % ByteTensor.Lanes == 0),
            FusionPatterns.NearestUpsampling or FusionPatterns.BilinearUpsampling => true,
            FusionPatterns.Expansion or FusionPatterns.FirstLayer or FusionPatterns.Head => tensor.IsInteger,
            _ => false,
        };
    }
}
