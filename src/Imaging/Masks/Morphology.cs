namespace LungSeg.Imaging.Masks;

/// <summary>
/// Erosion and dilation with OpenCV's 5 x 5 ellipse (first and last row 00100, the others 11111); what lies outside the
/// image never decides.
/// </summary>
internal static class Morphology
{
    private const int Reach = 2;

    public static byte[] Erode(ReadOnlySpan<byte> pixels, int width, int height) => Sweep(pixels, width, height, 0);

    public static byte[] Dilate(ReadOnlySpan<byte> pixels, int width, int height) => Sweep(pixels, width, height, 1);

    /// <summary>A pixel takes the value <paramref name="winner"/> where any pixel under the ellipse has it.</summary>
    private static byte[] Sweep(ReadOnlySpan<byte> pixels, int width, int height, byte winner)
    {
        byte[] wide = new byte[pixels.Length], result = new byte[pixels.Length];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = pixels.Slice(y * width, width);
            for (int x = 0; x < width; x++)
                wide[y * width + x] = row[Math.Max(x - Reach, 0)..Math.Min(x + Reach + 1, width)].Contains(winner) ? winner
                    : (byte)(1 - winner);
        }
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                bool won = wide[y * width + x] == winner
                    || y > 0 && wide[(y - 1) * width + x] == winner
                    || y < height - 1 && wide[(y + 1) * width + x] == winner
                    || y > 1 && pixels[(y - 2) * width + x] == winner
                    || y < height - 2 && pixels[(y + 2) * width + x] == winner;
                result[y * width + x] = won ? winner : (byte)(1 - winner);
            }
        }
        return result;
    }
}
