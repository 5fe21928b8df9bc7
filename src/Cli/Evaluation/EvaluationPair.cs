namespace LungSeg.Cli.Evaluation;

/// <summary>
/// A picture with its reference: one mask, or several whose union it is; with a prediction where one was made before, and a mask of what is not
/// counted where there is one.
/// </summary>
internal sealed record EvaluationPair(string Name, string Picture, IReadOnlyList<string> References, string? Prediction, string? Ignored = null);
