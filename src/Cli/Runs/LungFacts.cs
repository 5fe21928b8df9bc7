using LungSeg.Imaging;
using LungSeg.Imaging.Masks;

namespace LungSeg.Cli.Runs;

/// <summary>
/// What a mask measures, in the words of the JSON output: areas in pixels of the mask, and in square millimetres where the image says how
/// large its pixels are.
/// </summary>
internal sealed record LungFacts
{
    public double Share { get; init; }

    public int AreaPx { get; init; }

    public double? AreaMm2 { get; init; }

    public int RightPx { get; init; }

    public int LeftPx { get; init; }

    /// <summary>Lung that is one part on both sides.</summary>
    public int JoinedPx { get; init; }

    /// <summary>Width of the right lung's box divided by the left's.</summary>
    public double? WidthRatio { get; init; }

    public int Components { get; init; }

    /// <summary>Pixels with a probability from 0.1 to 0.9 for each lung pixel: the less, the surer the network.</summary>
    public double UncertainRatio { get; init; }

    public static LungFacts Of(LungSegmentation result)
    {
        MaskStatistics statistics = result.Statistics;
        return new LungFacts
        {
            Share = Math.Round(statistics.AreaShare, 6),
            AreaPx = statistics.Area,
            AreaMm2 = statistics.AreaIn(result.MaskSpacing) is { } area ? Math.Round(area, 2) : null,
            RightPx = statistics.Of(LungSide.Right)?.Area ?? 0,
            LeftPx = statistics.Of(LungSide.Left)?.Area ?? 0,
            JoinedPx = statistics.Of(LungSide.Both)?.Area ?? 0,
            WidthRatio = statistics.WidthRatio is { } ratio ? Math.Round(ratio, 5) : null,
            Components = statistics.Parts.Count,
            UncertainRatio = Math.Round(result.Measures.UncertainRatio, 5),
        };
    }
}
