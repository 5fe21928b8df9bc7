namespace LungSeg.Imaging.Evaluation;

/// <summary>
/// How far apart the outlines of two masks run. An outline is the lung pixels with background, or the image's edge, above,
/// below or beside them; distances go from pixel centre to the nearest centre on the other outline, both ways.
/// </summary>
/// <param name="Average">The mean over the pixels of both outlines together (average symmetric surface distance).</param>
/// <param name="Percentile95">The larger of the two ways' 95 % quantiles, linear between pixels (95 % Hausdorff distance).</param>
/// <param name="Largest">The largest distance of all (Hausdorff distance).</param>
public readonly record struct SurfaceDistance(double Average, double Percentile95, double Largest)
{
    private const double Share = 0.95;

    /// <summary>
    /// Measures two masks of one size: in pixels, or in millimetres by the spacing. Two empty masks are at distance 0; between
    /// an empty mask and another there is no distance, and the result is null.
    /// </summary>
    /// <exception cref="ImageException">The masks differ in size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The spacing is not positive.</exception>
    public static SurfaceDistance? Between(LungMask reference, LungMask prediction, PixelSpacing? spacing = null)
    {
        MaskOverlap.CheckSizes(reference, prediction);
        if (spacing is { } s
            && !(s.RowMillimetres > 0 && s.ColumnMillimetres > 0 && double.IsFinite(s.RowMillimetres)
                && double.IsFinite(s.ColumnMillimetres)))
            throw new ArgumentOutOfRangeException(nameof(spacing), spacing, "a spacing over 0 mm expected");
        LungMask r = Outline(reference), p = Outline(prediction);
        double[] toPrediction = Distances(r, p, spacing), toReference = Distances(p, r, spacing);
        if (toPrediction.Length == 0 && toReference.Length == 0)
            return default(SurfaceDistance);
        if (toPrediction.Length == 0 || toReference.Length == 0)
            return null;
        return new SurfaceDistance(
            (toPrediction.Sum() + toReference.Sum()) / (toPrediction.Length + toReference.Length),
            Math.Max(Quantile.OfSorted(toPrediction, Share), Quantile.OfSorted(toReference, Share)),
            Math.Max(toPrediction[^1], toReference[^1]));
    }

    /// <summary>The lung pixels that touch background or the image's edge by a side.</summary>
    internal static LungMask Outline(LungMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        (int width, int height) = (mask.Width, mask.Height);
        ReadOnlySpan<byte> pixels = mask.Pixels;
        byte[] outline = new byte[pixels.Length];
        for (int y = 0, i = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, i++)
            {
                bool inside = y > 0 && x > 0 && y < height - 1 && x < width - 1
                    && (pixels[i - 1] & pixels[i + 1] & pixels[i - width] & pixels[i + width]) != 0;
                outline[i] = inside ? (byte)0 : pixels[i];
            }
        }
        return new LungMask(width, height, outline);
    }

    /// <summary>The distances of one outline's pixels to the other outline, sorted.</summary>
    private static double[] Distances(LungMask from, LungMask to, PixelSpacing? spacing)
    {
        double[] distances = new double[from.Area], squares = new double[from.Width];
        DistanceTransform transform = new(to, spacing);
        for (int y = 0, found = 0; found < distances.Length; y++)
        {
            ReadOnlySpan<byte> row = from.Pixels.Slice(y * from.Width, from.Width);
            if (!row.Contains((byte)1))
                continue;
            transform.SquaredRow(y, squares);
            for (int x = 0; x < row.Length; x++)
                if (row[x] != 0)
                    distances[found++] = Math.Sqrt(squares[x]);
        }
        Array.Sort(distances);
        return distances;
    }
}
