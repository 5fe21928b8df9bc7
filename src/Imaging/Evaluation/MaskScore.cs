namespace LungSeg.Imaging.Evaluation;

/// <summary>One predicted mask against its reference.</summary>
/// <param name="Overlap">Dice, IoU, precision and recall.</param>
/// <param name="Pixels">Surface distances in pixels; null where exactly one of the masks is empty.</param>
/// <param name="Millimetres">Surface distances in millimetres; null also where the spacing is unknown.</param>
public sealed record MaskScore(MaskOverlap Overlap, SurfaceDistance? Pixels, SurfaceDistance? Millimetres)
{
    /// <summary>Scores two masks of one size.</summary>
    /// <exception cref="ImageException">The masks differ in size.</exception>
    public static MaskScore Of(LungMask reference, LungMask prediction, PixelSpacing? spacing = null) => new(
        MaskOverlap.Of(reference, prediction),
        SurfaceDistance.Between(reference, prediction),
        spacing is { } known ? SurfaceDistance.Between(reference, prediction, known) : null);
}
