using LungSeg.Imaging;

namespace LungSeg.Cli.Verification;

/// <summary>Maps of numbers as PNG: probabilities in grey, errors from black over red and yellow to white.</summary>
internal static class HeatMap
{
    public static byte[] Grey(ReadOnlySpan<float> values, int width, int height)
    {
        byte[] pixels = new byte[values.Length];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)Math.Round(255 * Math.Clamp(float.IsNaN(values[i]) ? 0 : values[i], 0, 1));
        return ImageWriter.EncodePng(width, height, 1, pixels);
    }

    /// <summary>Absolute errors; the largest is white.</summary>
    public static byte[] Errors(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int width, int height, double largest)
    {
        byte[] pixels = new byte[3 * expected.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs((double)expected[i] - actual[i]);
            double heat = double.IsNaN(error) ? 3 : largest > 0 ? 3 * Math.Min(error / largest, 1) : 0;
            for (int c = 0; c < 3; c++) pixels[(3 * i) + c] = (byte)Math.Round(255 * Math.Clamp(heat - c, 0, 1));
        }
        return ImageWriter.EncodePng(width, height, 3, pixels);
    }
}
