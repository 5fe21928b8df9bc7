namespace LungSeg.Imaging.Quality;

/// <summary>A chest resembles its mirror image, left for right; an image turned by a quarter resembles it top for bottom.</summary>
internal static class Symmetry
{
    private const int Side = 64, Reach = 8;

    /// <summary>Correlations of the image, reduced to 64 x 64, with its mirror images.</summary>
    public static (double LeftRight, double TopBottom) Of(SampledResult s)
    {
        float[] small = new float[Side * Side], turned = new float[Side * Side];
        for (int y = 0; y < Side; y++)
            for (int x = 0; x < Side; x++)
                turned[x * Side + y] = small[y * Side + x] = Mean(s, x, y);
        return (Best(small), Best(turned));
    }

    private static float Mean(SampledResult s, int cellX, int cellY)
    {
        int left = cellX * s.Width / Side, right = Math.Max(left + 1, (cellX + 1) * s.Width / Side);
        int top = cellY * s.Height / Side, bottom = Math.Max(top + 1, (cellY + 1) * s.Height / Side);
        float sum = 0;
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                sum += s.Grey[y * s.Width + x];
        return sum / ((right - left) * (bottom - top));
    }

    /// <summary>The highest correlation as the mirror's place moves over the middle of the image.</summary>
    private static double Best(float[] image)
    {
        double best = -1;
        for (int shift = -Reach; shift <= Reach; shift++)
            best = Math.Max(best, Correlation(image, Math.Max(0, shift), Side + Math.Min(0, shift)));
        return best;
    }

    /// <summary>
    /// Pearson's correlation of the columns from <paramref name="left"/> to <paramref name="right"/> with themselves in reverse; 0 without
    /// variation.
    /// </summary>
    private static double Correlation(float[] image, int left, int right)
    {
        double sum = 0, squares = 0, products = 0;
        for (int y = 0; y < Side; y++)
            for (int x = left; x < right; x++)
            {
                double value = image[y * Side + x], mirrored = image[y * Side + left + right - 1 - x];
                (sum, squares, products) = (sum + value, squares + value * value, products + value * mirrored);
            }
        double count = Side * (right - left), mean = sum / count, variance = squares / count - mean * mean;
        return variance > 1e-9 ? (products / count - mean * mean) / variance : 0;
    }
}
