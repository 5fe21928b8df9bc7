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

    /// <summary><see cref="StrideOf"/> Pixels.</summary>
    public int ScoreStride;

    public int Batch;

    /// <summary>Pixels and channels of a block, of attention_scores and attention_product alike.</summary>
    public const int Tile = 32;

    /// <summary>Scores of a row, rounded up to whole vectors of 4.</summary>
    public static int StrideOf(int pixels) => (pixels + 3) / 4 * 4;

    /// <summary>How many tiles cover so many pixels or channels.</summary>
    public static int Tiles(int length) => (length + Tile - 1) / Tile;

    public readonly int Pixels => Top.Height * Top.Width;

    /// <summary>Elements of Scores.</summary>
    public readonly long ScoreFloats => (long)Batch * Pixels * ScoreStride;

    /// <summary>Elements of Greatest: one for each block of <see cref="ScoresGrid"/>.</summary>
    public readonly long GreatestFloats => ScoresGrid.X * ScoresGrid.Y * ScoresGrid.Z;

    /// <summary>Elements of Sums: one for each block of <see cref="ExponentialsGrid"/>.</summary>
    public readonly long SumFloats => ExponentialsGrid.X * ExponentialsGrid.Y;

    /// <summary>Blocks of attention_scores: tiles of Top's pixels, tiles of Center's, images.</summary>
    public readonly GridSize ScoresGrid => new(Tiles(Pixels), Tiles(Pixels), Batch);

    /// <summary>Blocks of attention_exponentials: rows of scores, images.</summary>
    public readonly GridSize ExponentialsGrid => new(Pixels, Batch);

    /// <summary>Blocks of attention_product: tiles of padded channels, tiles of pixels, images.</summary>
    public readonly GridSize ProductGrid => new(Tiles((Output.Channels + 7) / 8 * 8), Tiles(Pixels), Batch);
}
