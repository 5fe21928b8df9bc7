namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// Some input channels that a unit takes at once, and the panels that they feed: all panels for a plain convolution, those
/// of the block's groups for a grouped one (<see cref="PerGroup"/>). <see cref="WeightRow"/> is where the block starts in
/// each panel, in rows.
/// </summary>
internal readonly record struct ChannelBlock(
    int Channel, int Channels, int FirstPanel, int EndPanel, nint WeightRow, bool IsFirst, bool IsLast, bool PerGroup);

/// <summary>How a convolution is cut so that what a unit works on stays in the second-level cache.</summary>
internal sealed record ConvBlocking(int RowsPerUnit, int ChannelsPerBlock, int Channels, int Taps)
{
    // A quarter of the smallest common second-level cache, 1 MiB, each for gathered rows and for a panel of weights.
    private const int CacheFloats = 1 << 16;

    // Enough units for a few threads to share evenly.
    private const int UnitsPerImage = 16;

    /// <summary>The blocks of input channels of a plain convolution, by count.</summary>
    public IReadOnlyList<int> Blocks => [.. Enumerable.Range(0, Channels).Chunk(ChannelsPerBlock).Select(block => block.Length)];

    /// <summary>Chooses by shape alone, so that neither threads, batch nor the width of vectors change a result.</summary>
    public static ConvBlocking Choose(ConvGeometry geometry, int channels, int lanes)
    {
        // As many channels as keep a panel and the rows of one output row in the cache, evenly over the blocks.
        int perChannel = geometry.R * Math.Max(geometry.S * lanes, geometry.PaddedWidth);
        int blocks = Math.Max(1, ((channels * perChannel) + CacheFloats - 1) / CacheFloats);
        int block = Math.Min(channels, CpuTensor.Padded((channels + blocks - 1) / blocks));

        int pitch = geometry.PaddedWidth * block, rows = 1, maximum = Math.Max(1, geometry.OutputHeight / UnitsPerImage);
        while (rows < maximum && ((rows * geometry.Stride) + geometry.R) * pitch < CacheFloats) rows++;
        return new ConvBlocking(rows, block, channels, geometry.R * geometry.S);
    }

    /// <summary>The blocks with their panels.</summary>
    public ChannelBlock[] ChannelBlocks(PackedWeights weights)
    {
        var result = new List<ChannelBlock>();
        int panels = weights.Panels.Length;
        if (weights.Groups == 1)
        {
            int channel = 0;
            foreach (int count in Blocks)
            {
                result.Add(new ChannelBlock(channel, count, 0, panels, (nint)Taps * channel, channel == 0, channel + count == Channels,
                    false));
                channel += count;
            }
            return [.. result];
        }
        int perGroup = panels / weights.Groups, inputs = weights.InputsPerGroup, step = Math.Max(ChannelsPerBlock / inputs, 1);
        for (int group = 0; group < weights.Groups; group += step)
        {
            int end = Math.Min(group + step, weights.Groups);
            result.Add(new ChannelBlock(group * inputs, (end - group) * inputs, group * perGroup, end * perGroup, 0, true, true, true));
        }
        return [.. result];
    }
}
