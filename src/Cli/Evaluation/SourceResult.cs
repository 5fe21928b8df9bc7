using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>An image that could not be evaluated, and why.</summary>
internal sealed record FailedImage(string Name, string Fault);

/// <summary>How a network's, or a folder's, masks compare with the references.</summary>
internal sealed record SourceResult(
    string Name,
    Architecture? Network,
    string Description,
    IReadOnlyList<EvaluatedImage> Images,
    IReadOnlyList<FailedImage> Failures,
    IReadOnlyList<CasePanel> Worst)
{
    /// <summary>A measure over all images; null where it is defined for none.</summary>
    public MeasureSummary? Summary(Measure measure) => MeasureSummary.Of(measure, Images);

    /// <summary>The mean Dice at each of the sweep's thresholds.</summary>
    public double[] Sweep(IReadOnlyList<float> thresholds) =>
        [.. thresholds.Select((_, i) => Images.Select(image => image.Sweep[i]).DefaultIfEmpty(0).Average())];
}
