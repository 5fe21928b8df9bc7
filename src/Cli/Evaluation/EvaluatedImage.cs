using LungSeg.Imaging;
using LungSeg.Imaging.Evaluation;

namespace LungSeg.Cli.Evaluation;

/// <summary>One image's score, and its Dice at each of the sweep's thresholds; empty without a sweep.</summary>
internal sealed record EvaluatedImage(string Name, int Width, int Height, PixelSpacing? Spacing, MaskScore Score, IReadOnlyList<double> Sweep);
