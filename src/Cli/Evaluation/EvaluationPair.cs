namespace LungSeg.Cli.Evaluation;

/// <summary>A picture with its reference: one mask, or several whose union it is, and with a prediction where one was made before.</summary>
internal sealed record EvaluationPair(string Name, string Picture, IReadOnlyList<string> References, string? Prediction);
