namespace LungSeg.Engine.Weights;

/// <summary>What was lost when weights were rounded to a smaller type.</summary>
/// <param name="LargestError">The largest absolute difference of a weight that stayed finite; 0 for float32.</param>
/// <param name="LargestErrorKey">The weight with that difference, or null when nothing was lost.</param>
/// <param name="Overflows">How many finite values became infinite.</param>
/// <param name="OverflowKey">The first weight in which that happened, or null.</param>
public sealed record RoundingReport(double LargestError, string? LargestErrorKey, long Overflows, string? OverflowKey);
