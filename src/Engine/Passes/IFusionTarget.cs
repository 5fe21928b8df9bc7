namespace LungSeg.Engine.Passes;

/// <summary>What a backend's kernels can do on the way.</summary>
internal interface IFusionTarget
{
    /// <summary>
    /// Whether the kernel of a reader can do a pattern's work on a tensor that it reads, itself or as a part of a concatenation that is
    /// never stored. What <see cref="FusionPredicates"/> say has been checked.
    /// </summary>
    bool Takes(FusionPatterns pattern, Graph graph, Tensor reader, Tensor tensor);
}
