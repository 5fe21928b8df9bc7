namespace LungSeg.Kernels.Abi;

/// <summary>
/// Position attention in three launches: attention_scores, attention_exponentials, attention_product. With Pixels = height ·
/// width: scores center · topᵀ, their softmax over the whole map, product with bottomᵀ, written where Output's memory, read as
/// C x H x W, has it.
/// </summary>
internal struct AttentionParameters
{
    public DeviceMap Top;

    public DeviceMap Center;

    public DeviceMap Bottom;

    public DeviceMap Output;

    /// <summary>float32 [n][Pixels][ScoreStride].</summary>
    public long Scores;

    /// <summary>float32 [n][tile row][tile column]: the greatest score of each 32 x 32 tile.</summary>
    public long Greatest;

    /// <summary>float32 [n][Pixels]: the sum of a row's exponentials.</summary>
    public long Sums;

    /// <summary>Pixels rounded up to a multiple of 4.</summary>
    public int ScoreStride;

    public int Batch;
}
