namespace LungSeg.Imaging.Quality;

/// <summary>The part of an image inside its frame: rows and columns of one value at the edges (collimator, padding) are left out.</summary>
internal sealed record ExposedField(int Left, int Top, int Right, int Bottom)
{
    /// <summary>Values of a frame differ by no more than this share of the image's depth.</summary>
    private const double Evenness = 0.02;

    public static ExposedField Of(Radiograph image)
    {
        (int width, int height) = (image.Width, image.Height);
        int limit = (int)(image.MaxValue * Evenness);
        int top = 0, bottom = height, left = 0, right = width;
        while (top < bottom - 1 && IsEven(image, 0, top, width, top + 1, limit))
            top++;
        while (bottom > top + 1 && IsEven(image, 0, bottom - 1, width, bottom, limit))
            bottom--;
        while (left < right - 1 && IsEven(image, left, top, left + 1, bottom, limit))
            left++;
        while (right > left + 1 && IsEven(image, right - 1, top, right, bottom, limit))
            right--;
        return bottom - top < height / 4 || right - left < width / 4 ? new ExposedField(0, 0, width, height)
            : new ExposedField(left, top, right, bottom);
    }

    /// <summary>How much of the field's left, top, right and bottom side is lung, a two-hundredth of its size inside the edge.</summary>
    public double[] LungAtSides(LungMask mask)
    {
        int insetX = (Right - Left) / 200, insetY = (Bottom - Top) / 200;
        return
        [
            Share(mask, Left + insetX, Top, Left + insetX + 1, Bottom),
            Share(mask, Left, Top + insetY, Right, Top + insetY + 1),
            Share(mask, Right - 1 - insetX, Top, Right - insetX, Bottom),
            Share(mask, Left, Bottom - 1 - insetY, Right, Bottom - insetY),
        ];
    }

    private static double Share(LungMask mask, int left, int top, int right, int bottom)
    {
        int lung = 0;
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                lung += mask[x, y] ? 1 : 0;
        return (double)lung / ((right - left) * (bottom - top));
    }

    private static bool IsEven(Radiograph image, int left, int top, int right, int bottom, int limit)
    {
        (int low, int high) = (int.MaxValue, int.MinValue);
        for (int y = top; y < bottom; y++)
        {
            ReadOnlySpan<ushort> row = image.Samples.Slice((y * image.Width + left) * image.Channels, (right - left) * image.Channels);
            foreach (ushort sample in row)
                (low, high) = (Math.Min(low, sample), Math.Max(high, sample));
            if (high - low > limit)
                return false;
        }
        return true;
    }
}
