namespace LungSeg.Cli.Evaluation;

/// <summary>
/// An image with its reference: one mask, or several whose union it is; with a prediction where one was made before, and a mask of what is not
/// counted where there is one.
/// </summary>
internal sealed record EvaluationPair(string Name, string Image, IReadOnlyList<string> References, string? Prediction, string? Ignored = null);
