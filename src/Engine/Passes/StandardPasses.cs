namespace LungSeg.Engine.Passes;

/// <summary>The passes that every fast backend starts with, in their order.</summary>
internal static class StandardPasses
{
    /// <summary>Takes out the asked taps as outputs, then folds and fuses.</summary>
    public static Graph Apply(Graph graph, LoadOptions options)
    {
        if (options.Quantization is NetworkQuantization quantization)
        {
            // Which layers there are does not depend on what is asked for: taps are taken from the folded graph.
            Graph folded = Apply(graph, new LoadOptions());
            return quantization.Apply(folded.WithTaps(options.Taps));
        }
        Graph result = graph.WithTaps(options.Taps);
        if (options.Patterns.HasFlag(FusionPatterns.BatchNorm)) result = FoldBatchNorm.Apply(result);
        if (options.Patterns.HasFlag(FusionPatterns.Residual)) result = FuseResidual.Apply(result);
        return options.Patterns.HasFlag(FusionPatterns.Activation) ? FuseActivation.Apply(result) : result;
    }
}
