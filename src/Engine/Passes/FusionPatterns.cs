namespace LungSeg.Engine.Passes;

/// <summary>
/// The patterns by which work is done on the way, by the kernel before or after it, instead of by a kernel of its own. Each is a predicate
/// in <see cref="FusionPredicates"/> or a pass over the graph; tests switch them off one at a time.
/// </summary>
[Flags]
internal enum FusionPatterns
{
    /// <summary>Every node has a kernel of its own.</summary>
    None = 0,

    /// <summary>
    /// A batch norm is folded into the convolution before it (<see cref="FoldBatchNorm"/>), and convolutions of one input whose results are
    /// summed are then one (<see cref="FoldBranches"/>).
    /// </summary>
    BatchNorm = 1 << 0,

    /// <summary>A convolution adds the other operand of a sum as it stores (<see cref="FuseResidual"/>).</summary>
    Residual = 1 << 1,

    /// <summary>An operation applies the activation after it as it stores (<see cref="FuseActivation"/>).</summary>
    Activation = 1 << 2,

    /// <summary>A concatenation is never stored: its readers read its parts.</summary>
    Concatenation = 1 << 3,

    /// <summary>A stored concatenation's parts are written in their place in it by whoever makes them.</summary>
    ConcatenationInPlace = 1 << 4,

    /// <summary>A nearest upsampling is never stored: a convolution sees each pixel of its source several times.</summary>
    NearestUpsampling = 1 << 5,

    /// <summary>A bilinear upsampling is never stored: a depthwise convolution has its rows computed when it wants them.</summary>
    BilinearUpsampling = 1 << 6,

    /// <summary>
    /// A pooled branch, one pixel spread over the map, is never stored: it joins the bias of the 1x1 convolution after it.
    /// </summary>
    PooledBranch = 1 << 7,

    /// <summary>A map times a gate of one number for each image and channel is never stored: a convolution multiplies on the way.</summary>
    Gate = 1 << 8,

    /// <summary>A product is never stored: the sum after it multiplies, too.</summary>
    GatedSum = 1 << 9,

    /// <summary>A 1x1 convolution is never stored: the depthwise one after it has its rows computed when it wants them.</summary>
    Expansion = 1 << 10,

    /// <summary>A first layer is never stored: the depthwise convolution after it has its rows computed when it wants them.</summary>
    FirstLayer = 1 << 11,

    /// <summary>A 1x1 convolution is never stored: a head of one channel takes its pixels as they are made.</summary>
    Head = 1 << 12,

    /// <summary>A convolution adds up what it writes for the global pooling after it.</summary>
    PooledSums = 1 << 13,

    /// <summary>A squeeze-and-excite block's pooled map and hidden layer are never stored: its gate is one operation.</summary>
    SqueezeExcite = 1 << 14,

    /// <summary>
    /// What an operation makes of a tensor pixel by pixel is written over it: nobody reads it any more.
    /// </summary>
    InPlace = 1 << 15,

    /// <summary>All of them.</summary>
    All = (1 << 16) - 1,
}
