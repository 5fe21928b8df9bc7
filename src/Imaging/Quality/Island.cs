using LungSeg.Imaging.Masks;

namespace LungSeg.Imaging.Quality;

/// <summary>A single object on an even background, wider than high: the body in an axial slice of CT, hardly ever a radiograph.</summary>
internal static class Island
{
    private const double EvenCorner = 0.9, EvenShare = 0.5, Background = 0.06, Object = 0.1, MinArea = 0.1, Wider = 1.05;

    /// <summary>
    /// How much of its bounding box the largest object fills, its holes included. Null where the corners are not of one even brightness,
    /// where most of the edge is no background, and where the object is higher than wide, as a lateral view is.
    /// </summary>
    public static double? FillOf(SampledResult s, float range)
    {
        (float[] edge, float[] corners) = (Edge(s), Corners(s));
        Array.Sort(corners);
        float background = corners[corners.Length / 2];
        if (Even(corners) < EvenCorner || Even(edge) < EvenShare)
            return null;
        byte[] pixels = Array.ConvertAll(s.Grey, v => Math.Abs(v - background) > Object * range ? (byte)1 : (byte)0);
        LungMask objects = NativeCleanup.FillHoles(NativeCleanup.KeepLargest(new LungMask(s.Width, s.Height, pixels), 1));
        if (ConnectedComponents.Of(objects).Components is not [var largest] || largest.Area < MinArea * pixels.Length)
            return null;
        (double width, double height) = (largest.Right - largest.Left, largest.Bottom - largest.Top);
        return width < Wider * height ? null : largest.Area / (width * height);

        double Even(float[] values) => (double)values.Count(v => Math.Abs(v - background) < Background * range) / values.Length;
    }

    private static float[] Edge(SampledResult s)
    {
        List<float> edge = [.. s.Grey[..s.Width], .. s.Grey[^s.Width..]];
        for (int y = 0; y < s.Height; y++)
            edge.AddRange([s.Grey[y * s.Width], s.Grey[(y + 1) * s.Width - 1]]);
        return [.. edge];
    }

    /// <summary>Squares of a sixteenth of the shorter side.</summary>
    private static float[] Corners(SampledResult s)
    {
        int side = Math.Max(1, Math.Min(s.Width, s.Height) / 16);
        List<float> corners = [];
        foreach (int top in (int[])[0, s.Height - side])
            foreach (int left in (int[])[0, s.Width - side])
                for (int y = top; y < top + side; y++)
                    corners.AddRange(s.Grey.AsSpan(y * s.Width + left, side).ToArray());
        return [.. corners];
    }
}
