using LungSeg.Engine.Ops;

namespace LungSeg.Engine.Passes;

/// <summary>The shapes of the patterns in <see cref="FusionPatterns"/>, whatever the backend.</summary>
internal static class FusionPredicates
{
    // So few that gathering them anew for each slab of a depthwise convolution costs little.
    private const int FewChannels = 4;

    /// <summary>Whether a convolution is a matrix product of pixels.</summary>
    public static bool IsPointwise(Op op) => op is Conv2dOp { R: 1, S: 1, Stride: 1, Groups: 1, K: > 1 } conv && conv.Padding == default;

    /// <summary>Whether a convolution has one filter for each channel.</summary>
    public static bool IsDepthwise(Op op) =>
        op is Conv2dOp { Groups: > 1, Residual: false } conv && conv.Groups == conv.C && conv.K == conv.C;

    /// <summary>Whether a tensor is a map times one number for each image and channel.</summary>
    public static bool IsGate(Graph graph, Tensor tensor) => tensor.Op is MulOp { Activation: Activation.None } && tensor.Shape.C > 1
        && !tensor.Inputs.Contains(graph.Input) && tensor.Inputs[0].Shape == tensor.Shape
        && tensor.Inputs[1].Shape is { H: 1, W: 1 } && tensor.Inputs[1].Shape.C == tensor.Shape.C;

    /// <summary>Whether a tensor is what bilinear upsampling makes of a single pixel.</summary>
    public static bool IsPooledBranch(Graph graph, Tensor tensor) =>
        IsInterpolation(graph, tensor) && tensor.Inputs[0].Shape is { H: 1, W: 1 };

    /// <summary>The patterns by which a tensor might never be stored, as far as it and what is before it say.</summary>
    public static FusionPatterns Of(Graph graph, Tensor tensor) => tensor.Op switch
    {
        ConcatOp => FusionPatterns.Concatenation,
        UpsampleNearestOp => FusionPatterns.NearestUpsampling,
        UpsampleBilinearOp when IsPooledBranch(graph, tensor) => FusionPatterns.BilinearUpsampling | FusionPatterns.PooledBranch,
        UpsampleBilinearOp when IsInterpolation(graph, tensor) => FusionPatterns.BilinearUpsampling,
        MulOp when IsGate(graph, tensor) => FusionPatterns.Gate | FusionPatterns.GatedSum,
        MulOp { Activation: Activation.None } => FusionPatterns.GatedSum,
        AdaptiveAvgPool2dOp when IsSqueeze(graph, tensor) => FusionPatterns.SqueezeExcite,
        Conv2dOp { Residual: false } conv => OfConvolution(graph, tensor, conv),
        _ => FusionPatterns.None,
    };

    /// <summary>
    /// Whether a pattern takes a tensor that matches it, as far as a reader says, which may see it as a part of a concatenation.
    /// </summary>
    public static bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor) => pattern switch
    {
        FusionPatterns.Concatenation or FusionPatterns.NearestUpsampling => reader.Op is Conv2dOp or ConvTranspose2dOp,
        FusionPatterns.Gate => reader.Op is Conv2dOp or ConvTranspose2dOp,
        FusionPatterns.BilinearUpsampling => IsDepthwise(reader.Op),
        // Of parts that are all the same at every pixel there would be nothing to read.
        FusionPatterns.PooledBranch => IsPointwise(reader.Op) && reader.Inputs[0].Op is ConcatOp && reader.Inputs[0].Inputs.Contains(tensor)
            && !reader.Inputs[0].Inputs.All(part => IsPooledBranch(graph, part)),
        FusionPatterns.GatedSum => reader.Op is AddOp && reader.Inputs[0] != reader.Inputs[1]
            && reader.Inputs[0].Shape == reader.Inputs[1].Shape,
        FusionPatterns.Expansion or FusionPatterns.FirstLayer => IsDepthwise(reader.Op) && reader.Inputs[0] == tensor,
        FusionPatterns.Head => reader.Op is Conv2dOp { K: 1, R: 1, S: 1, Stride: 1, Residual: false } head && head.Padding == default
            && reader.Inputs[0] == tensor,
        FusionPatterns.PooledSums => reader.Op is AdaptiveAvgPool2dOp { OutputSize: 1 } && tensor.Op is Conv2dOp { K: > 1 },
        FusionPatterns.InPlace => reader.Op is AddOp or MulOp or ActivationOp or BatchNormOp or GroupNormOp && tensor != graph.Input
            && tensor.Shape == reader.Shape && tensor.Quantization is null == reader.Quantization is null,
        FusionPatterns.SqueezeExcite => tensor.Op is AdaptiveAvgPool2dOp ? IsHidden(graph, reader) : IsExcitation(reader),
        _ => false,
    };

    // A 1x1 convolution, or one of a few channels, that feeds a depthwise one alone: two would compute it twice.
    private static FusionPatterns OfConvolution(Graph graph, Tensor tensor, Conv2dOp conv)
    {
        FusionPatterns result = FusionPatterns.None;
        if (graph.Consumers[tensor] != 1) return result;
        bool pointwise = IsPointwise(conv);
        bool readsUnstored = tensor.Inputs[0].Op is ConcatOp or MulOp or UpsampleNearestOp or UpsampleBilinearOp;
        if (conv is { Groups: 1, Dilation: 1, K: > 1 } && !readsUnstored)
        {
            if (pointwise) result |= FusionPatterns.Expansion;
            else if (conv.C <= FewChannels) result |= FusionPatterns.FirstLayer;
        }
        if (pointwise && tensor.Inputs[0] != graph.Input) result |= FusionPatterns.Head;
        if (IsHidden(graph, tensor)) result |= FusionPatterns.SqueezeExcite;
        return result;
    }

    private static bool IsInterpolation(Graph graph, Tensor tensor) =>
        tensor.Op is UpsampleBilinearOp { Activation: Activation.None } && tensor.Shape.C > 1 && tensor.Inputs[0] != graph.Input;

    // Squeeze-and-excite: global average, 1x1 convolution with an activation, 1x1 convolution with a sigmoid.
    private static bool IsSqueeze(Graph graph, Tensor tensor) => tensor.Op is AdaptiveAvgPool2dOp { OutputSize: 1 }
        && tensor.Shape.C > 1 && tensor.Inputs[0] != graph.Input && graph.Consumers[tensor] == 1;

    private static bool IsHidden(Graph graph, Tensor tensor) =>
        tensor.Op is Conv2dOp { R: 1, S: 1, Stride: 1, Groups: 1, Residual: false } conv
        && conv.Padding == default && graph.Consumers[tensor] == 1 && IsSqueeze(graph, tensor.Inputs[0]);

    private static bool IsExcitation(Tensor tensor) =>
        tensor.Op is Conv2dOp { R: 1, S: 1, Stride: 1, Groups: 1, Residual: false, Activation: Activation.Sigmoid } conv
        && conv.Padding == default && tensor.Shape.C == tensor.Inputs[0].Inputs[0].Shape.C;
}
