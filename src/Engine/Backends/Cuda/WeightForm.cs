namespace LungSeg.Engine.Backends.Cuda;

/// <summary>The orders in which an operation's weights are packed for the GPU's kernels.</summary>
internal enum WeightLayout
{
    /// <summary>A bias for each filter, zeros behind.</summary>
    Bias,

    /// <summary>A factor for each channel, zeros behind.</summary>
    Scale,

    /// <summary>A summand for each channel, zeros behind.</summary>
    Shift,

    /// <summary>A filter after the other, each padded to whole vectors: 1x1 on few pixels.</summary>
    Rows,

    /// <summary>A tap of all channels after the other: one filter for each channel.</summary>
    Depthwise,

    /// <summary>A tap's channels side by side: one filter in all.</summary>
    Head,

    /// <summary>[channel][tap][filter]: the first layer, whose input is planes.</summary>
    Planar,

    /// <summary>[tap][channel of a group][filter]: any other window.</summary>
    Direct,

    /// <summary>Tiles whose rows are the filters at one place of the reduction.</summary>
    TilesByReduction,

    /// <summary>Tiles whose rows are a filter's line along the reduction.</summary>
    TilesByFilter,
}

/// <summary>A layout, and what else tells two packings of an operation's weights apart.</summary>
internal readonly record struct WeightForm(WeightLayout Layout)
{
    public static implicit operator WeightForm(WeightLayout layout) => new(layout);

    /// <summary>The part of a convolution that is launched in several; 0 for all others.</summary>
    public int Part { get; init; }

    /// <summary>Groups after merging; 0 where they are not merged.</summary>
    public int Groups { get; init; }

    /// <summary>Places of the reduction in a tile; 0 where the layout has no tiles of that kind.</summary>
    public int TileDepth { get; init; }

    /// <summary>Whether a doubling of the map before the convolution is in the weights.</summary>
    public bool Upsampled { get; init; }
}
