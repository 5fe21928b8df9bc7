namespace LungSeg.Engine.Backends.Cpu;

/// <summary>The orders in which an operation's weights are packed.</summary>
internal enum WeightLayout
{
    /// <summary>Scales, then shifts, by channel.</summary>
    PerChannel,

    /// <summary>A tap of all channels after the other: one filter for each channel.</summary>
    Depthwise,

    /// <summary>A window's channels side by side: one filter in all.</summary>
    SingleOutput,

    /// <summary>Panels of output channels, as the micro-kernel reads them.</summary>
    Panels,

    /// <summary>The same, transformed for Winograd's F(3x3).</summary>
    Winograd3,

    /// <summary>The same, transformed for Winograd's F(4x4).</summary>
    Winograd4,

    /// <summary>Panels of output channels in integers, four input channels side by side.</summary>
    Int8Panels,

    /// <summary>Four taps of a channel's own filter side by side, in integers.</summary>
    Int8Depthwise,
}

/// <summary>A layout, and the blocks into which a convolution's input channels are cut for it.</summary>
internal sealed record WeightForm(WeightLayout Layout, params IReadOnlyList<int> Blocks)
{
    /// <summary>The phase of a transposed convolution; 0 for any other operation.</summary>
    public int Phase { get; init; }

    public bool Equals(WeightForm? other) =>
        other is not null && Layout == other.Layout && Phase == other.Phase && Blocks.SequenceEqual(other.Blocks);

    public override int GetHashCode() => HashCode.Combine(Layout, Phase, Blocks.Count);
}
