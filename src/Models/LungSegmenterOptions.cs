using LungSeg.Engine;
using LungSeg.Imaging;

namespace LungSeg.Models;

/// <summary>How a <see cref="LungSegmenter"/> is set up; everything has a default.</summary>
public sealed record LungSegmenterOptions
{
    /// <summary>The network's key, such as <c>deeplabv3plus</c>; null for what <see cref="WeightsFile"/> holds, or the default network.</summary>
    public string? Network { get; init; }

    /// <summary>A weights file; null for the network's file in the weights folder.</summary>
    public string? WeightsFile { get; init; }

    /// <summary>Where the network runs, left to the caller to dispose; null for the CPU: all processors for one plan, one thread for each of several.</summary>
    public IBackend? Backend { get; init; }

    /// <summary>A pixel is lung if its probability is over this; from 0 to 1.</summary>
    public float Threshold { get; init; } = 0.5f;

    /// <summary>How pictures are prepared and masks finished.</summary>
    public Compat Compat { get; init; } = Compat.Fixed;

    /// <summary>
    /// Whether an image that uses less than a tenth of its range is stretched before the network sees it (<see cref="ContrastStretch"/>). The
    /// study's own steps never stretch.
    /// </summary>
    public bool StretchContrast { get; init; } = true;

    /// <summary>The height and width that pictures are resized to; null for what the network was trained at.</summary>
    public int? NetworkSize { get; init; }

    /// <summary>
    /// The size of the pool of plans: how many pictures may be at the network at a time, each in working memory of its own (the weights
    /// are shared). Threads that call <c>Segment</c> on a backend of one thread run side by side, which gives more pictures a second than
    /// all processors on one picture after another.
    /// </summary>
    public int Plans { get; init; } = 1;
}
