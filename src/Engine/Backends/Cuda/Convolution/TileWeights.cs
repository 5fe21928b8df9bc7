namespace LungSeg.Engine.Backends.Cuda.Convolution;

/// <summary>
/// Weights of the tiled convolutions, of one phase after the other. Neighbouring groups may be merged into one whose foreign
/// products have zero weights; a reduction runs over [r][s][channel of a merged group, padded].
/// </summary>
/// <param name="Groups">Groups after merging.</param>
/// <param name="Channels">Input channels of a merged group, padded to whole vectors.</param>
/// <param name="Filters">Filters of a merged group.</param>
/// <param name="R">Rows of the window.</param>
/// <param name="S">Columns of the window.</param>
internal sealed record TileWeights(int Groups, int Channels, int Filters, int R, int S)
{
    private int PaddedFilters => (Filters + CudaMap.Lanes - 1) / CudaMap.Lanes * CudaMap.Lanes;

    /// <summary>Elements of a phase as [group][reduction][filter], reductions and filters padded with zeros.</summary>
    public int ElementsByReduction(int tileK) => Groups * Rows(tileK) * PaddedFilters;

    /// <summary>Elements of a phase as [group][filter][reduction], reductions padded with zeros to whole lines.</summary>
    public int ElementsByFilter(int line) => Groups * Filters * Rows(line);

    public float[] PackByReduction(IReadOnlyList<ConvWeights> phases, int tileK) =>
        Pack(phases, ElementsByReduction(tileK), groupStride: Rows(tileK) * PaddedFilters, filterStride: 1, reductionStride: PaddedFilters);

    public float[] PackByFilter(IReadOnlyList<ConvWeights> phases, int line) =>
        Pack(phases, ElementsByFilter(line), groupStride: Filters * Rows(line), filterStride: Rows(line), reductionStride: 1);

    /// <summary>To TF32's 10 bits, to nearest, ties away from zero, as the hardware's own conversion does.</summary>
    public static float RoundToTensorFloat(float value) => float.IsFinite(value)
        ? BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x1000) & ~0x1FFFu)
        : value;

    private int Rows(int unit) => ((R * S * Channels) + unit - 1) / unit * unit;

    private float[] Pack(IReadOnlyList<ConvWeights> phases, int size, int groupStride, int filterStride, int reductionStride)
    {
        // A cache line of filters at a time, so that it is filled whichever of the two strides is 1.
        const int Block = 16;
        Span<int> from = stackalloc int[Block], to = stackalloc int[Block];
        var packed = new float[(long)size * phases.Count];
        int taps = R * S;
        for (int phase = 0; phase < phases.Count; phase++)
        {
            ConvWeights weights = phases[phase];
            float[] values = weights.Values;
            // A plain group's filters see channels that begin somewhere in the merged group.
            int channels = weights.C / weights.Groups, filters = weights.K / weights.Groups, merged = weights.Groups / Groups;
            for (int first = 0; first < weights.K; first += Block)
            {
                int count = Math.Min(Block, weights.K - first);
                for (int i = 0; i < count; i++)
                {
                    int plain = (first + i) / filters, group = plain / merged;
                    from[i] = (first + i) * channels * taps;
                    to[i] = (phase * size) + (group * groupStride) + ((first + i - (group * Filters)) * filterStride)
                        + (plain % merged * channels * reductionStride);
                }
                for (int c = 0, element = 0; c < channels; c++)
                {
                    for (int tap = 0; tap < taps; tap++, element++)
                    {
                        int at = ((tap * Channels) + c) * reductionStride;
                        for (int i = 0; i < count; i++) packed[to[i] + at] = values[from[i] + element];
                    }
                }
            }
        }
        return packed;
    }
}
