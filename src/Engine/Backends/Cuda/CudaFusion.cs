using LungSeg.Engine.Backends.Cuda.Convolution;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Passes;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>
/// What the GPU's kernels do on the way, with tiled convolutions or without, and with ones that multiply by a gate or without. A tensor
/// that is read twice is stored: its readers would each do the work anew.
/// </summary>
internal sealed class CudaFusion(bool tiled, bool gates) : IFusionTarget
{
    /// <summary>What the kernels of a precision do that a device can run.</summary>
    public static CudaFusion Of(PrecisionKernels kernels) =>
        new(kernels.TiledConvolutions.Any(), kernels.TiledConvolutions.Any(kernel => kernel.Gate));

    public bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor) => pattern switch
    {
        // Kernels write whole vectors: where one part does not begin at one, all are copied, element by element.
        FusionPatterns.ConcatenationInPlace => Concat.IsAligned(reader),
        _ when graph.Consumers[tensor] != 1 => false,
        FusionPatterns.NearestUpsampling => tiled && tensor.Inputs[0] != graph.Input
            && reader.Op is Conv2dOp conv && UpsampledConv.Takes(conv, (UpsampleNearestOp)tensor.Op),
        FusionPatterns.Gate => gates && reader.Op is Conv2dOp { C: > 1 } conv && FusionPredicates.IsPointwise(conv)
            && !LinearConv.Takes(reader, conv),
        FusionPatterns.GatedSum => true,
        FusionPatterns.SqueezeExcite => tensor.Op is AdaptiveAvgPool2dOp || SqueezeExcite.Takes((Conv2dOp)reader.Op),
        _ => false,
    };
}
