namespace LungSeg.Engine;

/// <summary>What a network takes, in bytes: weights that all plans share, and working memory of each.</summary>
internal readonly record struct MemoryNeed(long Weights, long Plan)
{
    /// <summary>For so many plans.</summary>
    public long Of(int plans) => Weights + (plans * Plan);
}
