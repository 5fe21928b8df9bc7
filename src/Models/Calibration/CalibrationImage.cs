using LungSeg.Imaging;

namespace LungSeg.Models.Calibration;

/// <summary>An image that a network is calibrated or measured with.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="Sha256">The hash of its file, or of its pixels if it is drawn.</param>
/// <param name="Image">The image.</param>
/// <param name="Reference">Its lungs, where they are known; of the image's size.</param>
internal sealed record CalibrationImage(string Name, string Sha256, Radiograph Image, LungMask? Reference = null)
{
    /// <summary>Draws X-rays: the same number gives the same images.</summary>
    public static IEnumerable<CalibrationImage> Draw(int count, int side) => Enumerable.Range(1, count).Select(seed =>
    {
        (Radiograph image, LungMask lungs) = SyntheticRadiograph.Draw(side, side, seed);
        return new CalibrationImage($"drawn {seed}", LungSeg.IO.Sha256.TextOf(image.To8Bit()), image, lungs);
    });
}
