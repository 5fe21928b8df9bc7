namespace LungSeg.Engine.Passes;

/// <summary>The passes that every fast backend starts with, in their order.</summary>
internal static class StandardPasses
{
    /// <summary>Takes out the asked taps as outputs, then folds and fuses.</summary>
    public static Graph Apply(Graph graph, LoadOptions options)
    {
        if (graph.Quantization is NetworkQuantization quantization)
        {
            // Which layers there are does not depend on what is asked for: taps are taken from the folded graph.
            Graph folded = Fold(graph, new LoadOptions());
            return quantization.Apply(folded.WithTaps(options.Taps));
        }
        return Fold(graph.WithTaps(options.Taps), options);
    }

    /// <summary>The graph with what the patterns fold and fuse, in float32 as its weights are.</summary>
    public static Graph Fold(Graph graph, LoadOptions options)
    {
        Graph result = graph;
        if (options.Patterns.HasFlag(FusionPatterns.BatchNorm)) result = FoldBranches.Apply(FoldBatchNorm.Apply(result));
        if (options.Patterns.HasFlag(FusionPatterns.Residual)) result = FuseResidual.Apply(result);
        return options.Patterns.HasFlag(FusionPatterns.Activation) ? FuseActivation.Apply(result) : result;
    }
}
