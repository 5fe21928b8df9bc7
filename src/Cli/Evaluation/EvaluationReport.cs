using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>All that an evaluation found.</summary>
/// <param name="Conditions">What the numbers mean nothing without, by name.</param>
/// <param name="Results">By network, in the order in which they were asked for.</param>
/// <param name="Missing">Networks that were asked for by <c>all</c> and have no weights.</param>
/// <param name="Thresholds">The sweep's thresholds; empty without one.</param>
/// <param name="Notices">What was left out.</param>
internal sealed record EvaluationReport(
    IReadOnlyList<(string Name, string Value)> Conditions,
    IReadOnlyList<SourceResult> Results,
    IReadOnlyList<Architecture> Missing,
    IReadOnlyList<float> Thresholds,
    IReadOnlyList<string> Notices);
