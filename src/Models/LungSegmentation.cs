using LungSeg.Imaging;

namespace LungSeg.Models;

/// <summary>What <see cref="LungSegmenter"/> found in one picture.</summary>
public sealed record LungSegmentation
{
    /// <summary>The picture that was segmented.</summary>
    public required Radiograph Picture { get; init; }

    /// <summary>The cleaned mask: of the picture's size, or 512 x 512 in <see cref="Compat.Upstream"/>.</summary>
    public required LungMask Mask { get; init; }

    /// <summary>The probabilities before threshold and clean-up: of the picture's size, or the network's in <see cref="Compat.Upstream"/>.</summary>
    public required ProbabilityMap Probabilities { get; init; }

    /// <summary>How long each step took.</summary>
    public required SegmentationTimes Times { get; init; }

    /// <summary>The mask's share of its picture, 0 to 1.</summary>
    public double LungShare => (double)Mask.Area / Mask.Pixels.Length;
}

/// <summary>How long the steps of one segmentation took; <see cref="Read"/> is zero for a picture that was given in memory.</summary>
public readonly record struct SegmentationTimes(TimeSpan Read, TimeSpan Preprocess, TimeSpan Network, TimeSpan Postprocess);
