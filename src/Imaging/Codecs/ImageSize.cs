namespace LungSeg.Imaging.Codecs;

/// <summary>What sizes are worth decoding; checked on a file's header, before memory is taken for its pixels.</summary>
internal static class ImageSize
{
    public const int MinimumSide = 32;
    public const long MaximumPixels = 100_000_000;

    public static void Check(long width, long height)
    {
        if (width < MinimumSide || height < MinimumSide)
            throw new ImageException(
                $"{width} x {height} pixels is too small to be a chest X-ray (at least {MinimumSide} x {MinimumSide} expected)");
        if (width > int.MaxValue || height > int.MaxValue || width * height > MaximumPixels)
            throw new ImageException(
                $"{width} x {height} pixels is over the limit of {MaximumPixels / 1_000_000} megapixels; reduce the image first");
    }

    /// <summary>
    /// Throws <see cref="ArgumentOutOfRangeException"/> unless an image of this size may be made: no reader would take a larger one.
    /// </summary>
    public static void CheckMade(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if ((long)width * height > MaximumPixels)
            throw new ArgumentOutOfRangeException(nameof(width),
                $"at most {MaximumPixels / 1_000_000} million pixels expected, {width} x {height} found");
    }
}
